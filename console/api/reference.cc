// One reference, and what is known of its source ID.

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "client/history.h"
#include "console/api/handlers.h"
#include "console/facts.h"
#include "console/fields.h"

namespace xref::console {

namespace json = boost::json;
using protocol::Mutation;
using protocol::Opcode;

namespace {

boost::asio::awaitable<Answer<protocol::HistoryReply>> AskHistory(Call& call,
                                                                  const std::string& source) {
  const PlaceId place = co_await call.Place();
  const protocol::HistoryRequest request{place, source};
  co_return co_await call.Ask<protocol::HistoryReply>(Opcode::kHistory, request);
}

std::string_view KindName(protocol::PastEventKind kind) {
  switch (kind) {
    case protocol::PastEventKind::kAdded:
      return "added";
    case protocol::PastEventKind::kPut:
      return "put";
    case protocol::PastEventKind::kEdited:
      return "edited";
    case protocol::PastEventKind::kDeleted:
      return "deleted";
    case protocol::PastEventKind::kIgnored:
      return "ignored";
    case protocol::PastEventKind::kUnignored:
      return "unignored";
    case protocol::PastEventKind::kReclaimed:
      return "reclaimed";
    default:
      return "purged";
  }
}

json::object EventObject(const protocol::PastEvent& event) {
  const bool has_origin = event.origin != protocol::kAnyOrigin;
  return {{"kind", Json(KindName(event.kind))},
          {"at", TimeText(event.time_us)},
          {"actor", Json(event.actor)},
          {"before", TextOrNull(event.before)},
          {"after", TextOrNull(event.after)},
          {"origin", has_origin ? json::value(Json(OriginName(event.origin))) : json::value()},
          {"lsn", event.lsn}};
}

// Makes a change of one source ID; answers with what is linked to what now.
Reply Link(Call& call, Mutation mutation, const std::string& source, const std::string& target,
           std::string_view expected, unsigned status_if_done) {
  const PlaceId place = co_await call.Place();
  IdList sources, targets, expecteds;
  sources.Add(source);
  targets.Add(target);
  protocol::MutationRequest request{.mutation = mutation,
                                    .place = place,
                                    .origin = Origin::kManual,
                                    .actor = call.request.actor,
                                    .sources = sources.View(),
                                    .targets = targets.View()};
  if (!expected.empty()) {
    expecteds.Add(expected);
    request.expected = expecteds.View();
  }
  const auto answer = co_await call.asker().Mutate(request);
  const protocol::Outcome& outcome = answer.value.outcomes.at(0);
  if (const auto problem = ProblemOf(outcome)) throw *problem;
  const bool done = outcome.verdict == protocol::Verdict::kDone;
  co_return JsonResponse({{"source_id", source},
                          {"target_id", target},
                          {"verdict", Json(protocol::Name(outcome.verdict))}},
                         done ? status_if_done : 200);
}

}  // namespace

Reply GetReference(Call& call) {
  const std::string source = call.Id("source_id");
  const auto answer = co_await AskHistory(call, source);
  if (!answer.value.reference) {
    throw NotFound("missing", "there is no reference of this source ID");
  }
  co_return JsonResponse(ReferenceObject(*answer.value.reference));
}

Reply AddReference(Call& call) {
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const std::string source(fields.Id("source_id"));
  const std::string target(fields.Id("target_id"));
  fields.Done();
  co_return co_await Link(call, Mutation::kAdd, source, target, "", 201);
}

Reply PutReference(Call& call) {
  const std::string source = call.Id("source_id");
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const std::string target(fields.Id("target_id"));
  fields.Done();
  co_return co_await Link(call, Mutation::kPut, source, target, "", 200);
}

Reply EditReference(Call& call) {
  const std::string source = call.Id("source_id");
  const json::object body = ParseObject(call.request.body);
  Fields fields(body);
  const std::string target(fields.Id("target_id"));
  const std::string expected(fields.MaybeId("expected_target_id"));
  fields.Done();
  co_return co_await Link(call, Mutation::kEdit, source, target, expected, 200);
}

Reply DeleteReference(Call& call) {
  const std::string source = call.Id("source_id");
  const std::string expected = call.MaybeId("expected_target_id");
  const PlaceId place = co_await call.Place();
  IdList sources, expecteds;
  sources.Add(source);
  protocol::MutationRequest request{.mutation = Mutation::kDelete,
                                    .place = place,
                                    .confirmation = call.Number("confirmation", 1, UINT64_MAX, 0),
                                    .actor = call.request.actor,
                                    .sources = sources.View()};
  if (!expected.empty()) {
    expecteds.Add(expected);
    request.expected = expecteds.View();
  }
  const auto answer = co_await call.asker().Mutate(request);
  if (const auto problem = ProblemOf(answer.value.outcomes.at(0))) throw *problem;
  co_return Response{.status = 204};
}

Reply GetHistory(Call& call) {
  const std::string source = call.Id("source_id");
  const auto answer = co_await AskHistory(call, source);
  const protocol::HistoryReply& history = answer.value;
  json::array events;
  for (const protocol::PastEvent& event : Timeline(history)) events.push_back(EventObject(event));
  json::array others;
  for (const std::string_view other : history.other_sources) others.push_back(Json(other));
  const auto reference =
      history.reference ? json::value(ReferenceObject(*history.reference)) : json::value();
  const auto claim = history.claim ? json::value(ClaimObject(*history.claim)) : json::value();
  co_return JsonResponse({{"source_id", source},
                          {"reference", reference},
                          {"ignored", history.ignored},
                          {"claim", claim},
                          {"other_sources", std::move(others)},
                          {"events", std::move(events)},
                          {"as_of_lsn", history.as_of}});
}

Reply GetExplanation(Call& call) {
  const std::string source = call.Id("source_id");
  const auto answer = co_await AskHistory(call, source);
  const std::string place = fmt::format("{}/{}", call.integration(), call.type());
  json::array sentences;
  for (const std::string& sentence : Explain(answer.value, place, source)) {
    sentences.push_back(Json(sentence));
  }
  co_return JsonResponse({{"source_id", source}, {"sentences", std::move(sentences)}});
}

}  // namespace xref::console
