// Deleting all references of a type, or an integration; and the trash, where they wait.

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <charconv>

#include "console/api/handlers.h"
#include "console/cursor.h"
#include "console/facts.h"
#include "console/fields.h"

namespace xref::console {

namespace json = boost::json;
using protocol::Opcode;

namespace {

// What whoever confirms has to send.
struct Confirmation {
  uint64_t token = 0;
  uint64_t references = 0;
};

Confirmation ConfirmationIn(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const Confirmation confirmation{fields.Token("token"),
                                  fields.Number("references", 0, UINT64_MAX)};
  fields.Done();
  return confirmation;
}

// The token is good only as long as the number is that of its preview, so the number that stands is
// the one to compare with.
boost::asio::awaitable<void> RequireCount(Call& call, const Confirmation& confirmation,
                                          std::string_view type) {
  const auto answer = co_await call.Ask<protocol::IntegrationListReply>(Opcode::kIntegrationList);
  uint64_t references = 0;
  for (const protocol::ListedIntegration& integration : answer.value.integrations) {
    if (integration.name != call.integration()) continue;
    for (const protocol::ListedType& listed : integration.types) {
      if (type.empty() || listed.name == type) references += listed.references;
    }
  }
  if (references != confirmation.references) {
    throw Problem{409, "conflict",
                  fmt::format("there are {} references, and {} were confirmed: look at a new "
                              "preview; nothing was changed",
                              references, confirmation.references)};
  }
}

std::string Consequence(uint64_t references, std::string_view target_platform) {
  return fmt::format(
      "The records stay in both platforms. What goes is the knowledge that they belong together: "
      "the next sync may create up to {} new records in {}.",
      references, target_platform);
}

Response Purged(const protocol::PurgeReply& reply) {
  return JsonResponse({{"references", reply.references}, {"trash", reply.trash}});
}

void RequireNoFields(Call& call) {
  if (call.request.body.empty()) return;
  const json::object body = ParseObject(call.request.body);
  Fields(body).Done();
}

uint32_t TrashNumber(Call& call) {
  const std::string& text = call.request.in_path.at("trash");
  uint32_t number = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, number) != std::from_chars_result{end, {}}) {
    throw NotFound("missing", fmt::format("there is nothing in the trash of number {}", text));
  }
  return number;
}

}  // namespace

Reply PreviewPurge(Call& call) {
  RequireNoFields(call);
  const protocol::PurgePreviewRequest request{co_await call.Place()};
  const auto answer =
      co_await call.Ask<protocol::PurgePreviewReply>(Opcode::kPurgePreview, request);
  const auto& preview = answer.value;
  co_return JsonResponse(
      {{"references", preview.references},
       {"token", TokenText(preview.token)},
       {"valid_seconds", preview.valid_seconds},
       {"target_platform", Json(preview.target_platform)},
       {"consequence", Consequence(preview.references, preview.target_platform)}});
}

Reply Purge(Call& call) {
  const Confirmation confirmation = ConfirmationIn(call);
  const PlaceId place = co_await call.Place();
  co_await RequireCount(call, confirmation, call.type());
  const auto answer = co_await call.Ask<protocol::PurgeReply>(
      Opcode::kPurge, protocol::PurgeRequest{place, confirmation.token, call.request.actor});
  co_return Purged(answer.value);
}

Reply PreviewDrop(Call& call) {
  RequireNoFields(call);
  const auto answer = co_await call.Ask<protocol::DropPreviewReply>(
      Opcode::kDropPreview, protocol::DropPreviewRequest{call.integration()});
  const auto& preview = answer.value;
  co_return JsonResponse(
      {{"types", preview.types},
       {"references", preview.references},
       {"open_claims", preview.claims},
       {"token", TokenText(preview.token)},
       {"valid_seconds", preview.valid_seconds},
       {"target_platform", Json(preview.target_platform)},
       {"consequence", Consequence(preview.references, preview.target_platform)}});
}

Reply Drop(Call& call) {
  const Confirmation confirmation = ConfirmationIn(call);
  co_await RequireCount(call, confirmation, "");
  const auto answer = co_await call.Ask<protocol::PurgeReply>(
      Opcode::kDrop,
      protocol::DropRequest{call.integration(), confirmation.token, call.request.actor});
  co_return Purged(answer.value);
}

Reply ListTrash(Call& call) {
  const auto answer = co_await call.Ask<protocol::TrashReply>(Opcode::kTrashList);
  json::array trash;
  for (const protocol::ListedTrash& listed : answer.value.trash) {
    trash.push_back(json::object{{"id", listed.trash},
                                 {"integration", Json(listed.integration)},
                                 {"type", TextOrNull(listed.type)},
                                 {"references", listed.references},
                                 {"purged_at", TimeText(listed.purged_us)},
                                 {"expires_at", TimeText(listed.expires_us)},
                                 {"actor", Json(listed.actor)}});
  }
  co_return JsonResponse({{"trash", std::move(trash)}});
}

Reply Restore(Call& call) {
  const uint32_t trash = TrashNumber(call);
  json::object body;
  if (!call.request.body.empty()) body = ParseObject(call.request.body);
  Fields fields(body);
  const std::string listing = fmt::format("trash {}", trash);
  Cursor cursor = Cursor::Parse(listing, fields.Text("cursor", ""));
  const std::string name(fields.Text("name", ""));
  fields.Done();
  const auto part = static_cast<uint8_t>(cursor.Number());
  const std::string after = cursor.Text();
  const protocol::RestoreRequest request{trash, part, after, name, call.request.actor};
  Answer<protocol::RestoreReply> answer;
  try {
    answer = co_await call.Ask<protocol::RestoreReply>(Opcode::kRestore, request);
  } catch (Problem& problem) {
    if (problem.slug == "unknown-place") problem.slug = "missing";  // what is, is no place
    throw;
  }
  const auto& step = answer.value;
  json::array refused;
  for (const protocol::RestoredItem& item : step.refused) {
    refused.push_back(json::object{{"source_id", Json(item.source)},
                                   {"target_id", Json(item.target)},
                                   {"outcome", OutcomeObject(item.outcome)}});
  }
  json::value next;
  if (step.more) next = Cursor::Of(listing).Add(step.next_part).Add(step.next).ToText();
  co_return JsonResponse({{"restored", step.restored},
                          {"unchanged", step.unchanged},
                          {"refused", std::move(refused)},
                          {"next_cursor", std::move(next)}});
}

}  // namespace xref::console
