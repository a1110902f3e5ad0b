// Integrations and their entity types.

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "console/api/handlers.h"
#include "console/facts.h"
#include "console/fields.h"

namespace xref::console {

namespace json = boost::json;
using protocol::Opcode;

namespace {

json::object IntegrationObject(const protocol::ListedIntegration& integration) {
  uint64_t references = 0;
  json::array types;
  for (const protocol::ListedType& type : integration.types) {
    references += type.references;
    types.push_back(json::object{{"name", Json(type.name)},
                                 {"references", type.references},
                                 {"unique_targets", type.unique_targets}});
  }
  return {{"name", Json(integration.name)},
          {"source_platform", Json(integration.source_platform)},
          {"target_platform", Json(integration.target_platform)},
          {"references", references},
          {"types", std::move(types)}};
}

boost::asio::awaitable<json::object> FindIntegration(Call& call, const std::string& name) {
  const auto answer = co_await call.Ask<protocol::IntegrationListReply>(Opcode::kIntegrationList);
  for (const protocol::ListedIntegration& integration : answer.value.integrations) {
    if (integration.name == name) co_return IntegrationObject(integration);
  }
  throw NotFound("unknown-place", fmt::format("there is no integration \"{}\"", name));
}

std::string NameIn(Fields& fields) {
  const std::string name(fields.Text("name"));
  if (!IsName(name)) {
    throw BadRequest(
        "name is not 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.', of which the first is a letter or "
        "digit");
  }
  return name;
}

std::string PlatformIn(Fields& fields, std::string_view field) {
  std::string platform(fields.Text(field));
  if (!IsLabel(platform, kPlatformBytesMax)) {
    throw BadRequest(fmt::format("{} is not 1 to {} bytes without control characters", field,
                                 kPlatformBytesMax));
  }
  return platform;
}

Response Changed(bool changed) { return JsonResponse({{"changed", changed}}); }

}  // namespace

Reply ListIntegrations(Call& call) {
  const auto answer = co_await call.Ask<protocol::IntegrationListReply>(Opcode::kIntegrationList);
  json::array integrations;
  for (const protocol::ListedIntegration& integration : answer.value.integrations) {
    integrations.push_back(IntegrationObject(integration));
  }
  co_return JsonResponse({{"integrations", std::move(integrations)}});
}

Reply GetIntegration(Call& call) {
  const json::object found = co_await FindIntegration(call, call.integration());
  co_return JsonResponse(found);
}

Reply CreateIntegration(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const std::string name = NameIn(fields);
  const std::string source = PlatformIn(fields, "source_platform");
  const std::string target = PlatformIn(fields, "target_platform");
  fields.Done();
  const auto answer = co_await call.Ask<protocol::IntegrationCreateReply>(
      Opcode::kIntegrationCreate,
      protocol::IntegrationCreateRequest{name, source, target, call.request.actor});
  if (answer.value.verdict == protocol::CreateVerdict::kConflict) {
    throw Problem{
        409, "exists",
        fmt::format("there is an integration \"{}\" between {} and {}; nothing was changed", name,
                    answer.value.source_platform, answer.value.target_platform)};
  }
  const bool created = answer.value.verdict == protocol::CreateVerdict::kCreated;
  const json::object found = co_await FindIntegration(call, name);
  co_return JsonResponse(found, created ? 201 : 200);
}

Reply RenamePlatforms(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const std::string source = PlatformIn(fields, "source_platform");
  const std::string target = PlatformIn(fields, "target_platform");
  fields.Done();
  const auto answer = co_await call.Ask<protocol::CatalogReply>(
      Opcode::kPlatformsRename,
      protocol::PlatformsRenameRequest{call.integration(), source, target, call.request.actor});
  co_return Changed(answer.value.changed);
}

Reply CreateType(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const std::string name = NameIn(fields);
  fields.Done();
  const auto answer = co_await call.Ask<protocol::CatalogReply>(
      Opcode::kTypeCreate,
      protocol::TypeCreateRequest{call.integration(), name, call.request.actor});
  co_return JsonResponse({{"name", name}}, answer.value.changed ? 201 : 200);
}

Reply SetRules(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const bool unique_targets = fields.Flag("unique_targets");
  fields.Done();
  const protocol::RulesSetRequest request{co_await call.Place(), unique_targets,
                                          call.request.actor};
  const auto answer = co_await call.Ask<protocol::CatalogReply>(Opcode::kRulesSet, request);
  co_return Changed(answer.value.changed);
}

}  // namespace xref::console
