#include "console/call.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <charconv>

#include "index/vocabulary.h"

namespace xref::console {

Response JsonResponse(const boost::json::object& body, unsigned status) {
  return {.status = status, .body = boost::json::serialize(body)};
}

boost::asio::awaitable<PlaceId> Call::Place() { return asker().Resolve(integration(), type()); }

std::optional<std::string> Call::Param(std::string_view name) const {
  const auto at = request.query.find(std::string(name));
  if (at == request.query.end()) return std::nullopt;
  return at->second;
}

boost::asio::awaitable<uint64_t> Call::ReferencesThere() {
  const auto answer =
      co_await Ask<protocol::IntegrationListReply>(protocol::Opcode::kIntegrationList);
  for (const auto& listed : answer.value.integrations) {
    if (listed.name != integration()) continue;
    for (const auto& of : listed.types) {
      if (of.name == type()) co_return of.references;
    }
  }
  co_return 0;
}

uint64_t Call::Number(std::string_view name, uint64_t least, uint64_t most,
                      uint64_t otherwise) const {
  const auto text = Param(name);
  if (!text) return otherwise;
  uint64_t number = 0;
  const char* const end = text->data() + text->size();
  const bool is_number =
      std::from_chars(text->data(), end, number) == std::from_chars_result{end, {}};
  if (!is_number || number < least || number > most) {
    throw BadRequest(fmt::format("{} is not a whole number from {} to {}", name, least, most));
  }
  return number;
}

bool Call::Flag(std::string_view name) const {
  const auto text = Param(name);
  if (!text || *text == "false") return false;
  if (*text == "true") return true;
  throw BadRequest(fmt::format("{} is neither true nor false", name));
}

std::string Call::Id(std::string_view name) const {
  const auto id = Param(name);
  if (!id) throw BadRequest(fmt::format("the parameter {} is missing", name));
  if (const auto fault = FindIdFault(*id)) {
    throw BadRequest(fmt::format("{} {}", name, Describe(*fault)));
  }
  return *id;
}

std::string Call::MaybeId(std::string_view name) const {
  return Param(name).value_or("").empty() ? std::string() : Id(name);
}

}  // namespace xref::console
