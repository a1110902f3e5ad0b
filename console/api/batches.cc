// Questions and changes of many IDs at a time.

#include <boost/json/array.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "console/api/handlers.h"
#include "console/facts.h"
#include "console/fields.h"

namespace xref::console {

namespace json = boost::json;
using protocol::Mutation;
using protocol::MutationRequest;
using protocol::Opcode;

namespace {

constexpr uint16_t kSourcesShownMax = 1'000;  // of one target

// What a batch of changes consists of.
struct Batch {
  IdList sources;
  IdList targets;
  IdList expected;
  std::string tokens;
};

// Fills in what `batch` holds, which must outlive the request, and sends it.
Reply Send(Call& call, MutationRequest request, const Batch& batch) {
  request.place = co_await call.Place();
  if (request.actor.empty()) request.actor = call.request.actor;
  request.sources = batch.sources.View();
  request.targets = batch.targets.View();
  request.expected = batch.expected.View();
  request.tokens = {reinterpret_cast<const uint8_t*>(batch.tokens.data()), batch.tokens.size()};
  const auto answer = co_await call.asker().Mutate(request);
  co_return JsonResponse(OutcomesObject(answer.value));
}

Reply SendIds(Call& call, Mutation mutation) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  MutationRequest request{.mutation = mutation};
  const Batch batch{.sources = fields.Ids("source_ids")};
  if (mutation == Mutation::kDelete) request.confirmation = fields.Token("confirmation", 0);
  fields.Done();
  co_return co_await Send(call, request, batch);
}

// A claim's length in milliseconds.
uint32_t LeaseIn(Fields& fields) {
  return static_cast<uint32_t>(
             fields.Number("lease_seconds", kLeaseMsMin / 1000, kLeaseMsMax / 1000, 300)) *
         1000;
}

Reply SendClaims(Call& call, Mutation mutation) {
  const protocol::MutationFields has = protocol::FieldsOf(mutation);
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  Batch batch;
  ForEachItem(fields.Batch("claims"), "claims", [&](Fields& claim) {
    batch.sources.Add(claim.Id("source_id"));
    protocol::Writer(batch.tokens).U64(claim.Token("token"));
    if (has.targets) batch.targets.Add(claim.Id("target_id"));
  });
  MutationRequest request{.mutation = mutation};
  if (has.lease) request.lease_ms = LeaseIn(fields);
  fields.Done();
  co_return co_await Send(call, request, batch);
}

Origin OriginIn(Fields& fields) {
  const std::string_view name = fields.Text("origin", "sync");
  for (uint8_t origin = 0; origin <= kOriginLast; ++origin) {
    if (OriginName(origin) == name) return static_cast<Origin>(origin);
  }
  throw BadRequest("origin is none of sync, manual and import");
}

}  // namespace

Reply CheckBatch(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const IdList ids = fields.Ids("source_ids");
  fields.Done();
  const protocol::IdsRequest request{co_await call.Place(), ids.View()};
  const auto answer = co_await call.Ask<protocol::CheckReply>(Opcode::kCheck, request);
  json::array synced;
  synced.reserve(answer.value.count);
  uint64_t count = 0;
  for (uint32_t i = 0; i < answer.value.count; ++i) {
    synced.push_back(answer.value.synced(i));
    count += answer.value.synced(i) ? 1 : 0;
  }
  co_return JsonResponse({{"synced", std::move(synced)}, {"synced_count", count}});
}

Reply LookupBatch(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const IdList ids = fields.Ids("source_ids");
  const std::string_view at = fields.Text("at", "");
  fields.Done();
  const PlaceId place = co_await call.Place();
  Answer<protocol::LookupReply> answer;
  if (at.empty()) {
    answer = co_await call.Ask<protocol::LookupReply>(Opcode::kLookup,
                                                      protocol::IdsRequest{place, ids.View()});
  } else {
    answer = co_await call.Ask<protocol::LookupReply>(
        Opcode::kLookupAt, protocol::LookupAtRequest{place, ParseTime("at", at), ids.View()});
  }
  json::array targets;
  IdCursor cursor(answer.value.targets);
  for (uint32_t i = 0; i < answer.value.targets.count; ++i) {
    targets.push_back(TextOrNull(cursor.Next()));
  }
  co_return JsonResponse({{"target_ids", std::move(targets)}});
}

Reply ReverseBatch(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const IdList targets = fields.Ids("target_ids");
  const auto sources_max =
      static_cast<uint16_t>(fields.Number("sources_max", 1, kSourcesShownMax, 16));
  fields.Done();
  const protocol::ReverseRequest request{co_await call.Place(), sources_max, targets.View()};
  const auto answer = co_await call.Ask<protocol::ReverseReply>(Opcode::kReverse, request);
  json::array all;
  IdCursor cursor(answer.value.sources);
  for (uint32_t i = 0; i < answer.value.count; ++i) {
    json::array sources;
    for (uint16_t n = answer.value.sources_of(i); n > 0; --n)
      sources.push_back(Json(cursor.Next()));
    all.push_back(std::move(sources));
  }
  co_return JsonResponse({{"source_ids", std::move(all)}});
}

Reply AddBatch(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  Batch batch;
  ForEachItem(fields.Batch("references"), "references", [&](Fields& reference) {
    batch.sources.Add(reference.Id("source_id"));
    batch.targets.Add(reference.Id("target_id"));
  });
  MutationRequest request;
  request.origin = OriginIn(fields);
  request.mutation = fields.Flag("overwrite", false) ? Mutation::kPut : Mutation::kAdd;
  request.rehearsal = fields.Flag("rehearse", false);
  fields.Done();
  co_return co_await Send(call, request, batch);
}

Reply EditBatch(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  Batch batch;
  bool any_expected = false;
  std::vector<std::string_view> expected;
  ForEachItem(fields.Batch("references"), "references", [&](Fields& reference) {
    batch.sources.Add(reference.Id("source_id"));
    batch.targets.Add(reference.Id("target_id"));
    expected.push_back(reference.MaybeId("expected_target_id"));
    any_expected = any_expected || !expected.back().empty();
  });
  fields.Done();
  if (any_expected) {
    for (const std::string_view id : expected) batch.expected.Add(id);
  }
  const MutationRequest request{.mutation = Mutation::kEdit, .origin = Origin::kManual};
  co_return co_await Send(call, request, batch);
}

Reply ClaimBatch(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const Batch batch{.sources = fields.Ids("source_ids")};
  const std::string_view owner = fields.Text("owner");
  if (!IsLabel(owner, kActorBytesMax)) {
    throw BadRequest("owner is not 1 to 64 bytes without control characters");
  }
  const MutationRequest request{
      .mutation = Mutation::kClaim, .lease_ms = LeaseIn(fields), .actor = owner};
  fields.Done();
  co_return co_await Send(call, request, batch);
}

Reply DeleteBatch(Call& call) { return SendIds(call, Mutation::kDelete); }
Reply IgnoreBatch(Call& call) { return SendIds(call, Mutation::kIgnore); }
Reply UnignoreBatch(Call& call) { return SendIds(call, Mutation::kUnignore); }
Reply SettleBatch(Call& call) { return SendClaims(call, Mutation::kSettle); }
Reply ReleaseBatch(Call& call) { return SendClaims(call, Mutation::kRelease); }
Reply RenewBatch(Call& call) { return SendClaims(call, Mutation::kRenew); }

}  // namespace xref::console
