#include "replication/etcd_answers.h"

#include <absl/strings/escaping.h>
#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <string_view>
#include <utility>

namespace xref {

namespace json = boost::json;

namespace {

std::string FromBase64(const json::value* text) {
  std::string bytes;
  if (text == nullptr || !text->is_string()) return bytes;
  const auto& base64 = text->get_string();
  absl::Base64Unescape(absl::string_view(base64.data(), base64.size()), &bytes);
  return bytes;
}

// etcd writes 64-bit numbers as texts, and leaves out what is 0.
int64_t NumberOf(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr) return 0;
  if (found->is_int64()) return found->get_int64();
  int64_t number = 0;
  if (found->is_string()) {
    const auto& text = found->get_string();
    std::from_chars(text.data(), text.data() + text.size(), number);
  }
  return number;
}

absl::StatusOr<json::object> ParseObject(const std::string& body) {
  boost::system::error_code error;
  json::value parsed = json::parse(body, error);
  if (error || !parsed.is_object()) {
    return absl::InternalError(fmt::format("etcd answered something else than JSON: {}", body));
  }
  return std::move(parsed.get_object());
}

}  // namespace

absl::StatusOr<int64_t> ParseLease(const std::string& body) {
  const auto reply = ParseObject(body);
  if (!reply.ok()) return reply.status();
  const int64_t lease = NumberOf(*reply, "ID");
  if (lease == 0) return absl::InternalError("etcd granted no lease");
  return lease;
}

absl::StatusOr<bool> ParseKeptAlive(const std::string& body) {
  const auto reply = ParseObject(body);
  if (!reply.ok()) return reply.status();
  const json::value* result = reply->if_contains("result");
  if (result == nullptr || !result->is_object()) {
    return absl::InternalError("etcd does not say whether the lease goes on");
  }
  return NumberOf(result->get_object(), "TTL") > 0;
}

absl::StatusOr<std::vector<EtcdKey>> ParseKeys(const std::string& body) {
  const auto reply = ParseObject(body);
  if (!reply.ok()) return reply.status();
  std::vector<EtcdKey> keys;
  const json::value* found = reply->if_contains("kvs");
  if (found == nullptr || !found->is_array()) return keys;
  for (const json::value& each : found->get_array()) {
    if (!each.is_object()) return absl::InternalError("etcd lists keys that are none");
    const json::object& key = each.get_object();
    keys.push_back({FromBase64(key.if_contains("key")), FromBase64(key.if_contains("value")),
                    NumberOf(key, "create_revision"), NumberOf(key, "mod_revision")});
  }
  return keys;
}

absl::StatusOr<Etcd::Committed> ParseCommitted(const std::string& body) {
  const auto reply = ParseObject(body);
  if (!reply.ok()) return reply.status();
  Etcd::Committed committed;
  if (const json::value* done = reply->if_contains("succeeded")) {
    committed.done = done->is_bool() && done->get_bool();
  }
  const json::value* header = reply->if_contains("header");
  if (header != nullptr && header->is_object()) {
    committed.revision = NumberOf(header->get_object(), "revision");
  }
  return committed;
}

}  // namespace xref
