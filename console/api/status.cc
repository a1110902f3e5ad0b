// What the daemon is doing: for people, load balancers and Prometheus.

#include <boost/json/array.hpp>

#include "console/api/handlers.h"
#include "console/facts.h"
#include "console/metrics.h"

namespace xref::console {

namespace json = boost::json;

namespace {

template <typename T>
json::value OrNull(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value();
}

json::array CountsArray(const LatencyCounts& counts) {
  return json::array(counts.begin(), counts.end());
}

json::object LatencyObject(const Measures& measures) {
  json::array bounds;
  for (size_t i = 0; i < kLatencyBounds; ++i) bounds.push_back(uint64_t{1} << i);
  return {{"bounds_us", std::move(bounds)},
          {"check", CountsArray(measures.question_latencies)},
          {"change", CountsArray(measures.change_latencies)}};
}

json::array StandbysArray(const Measures& measures) {
  json::array standbys;
  for (const Measures::Standby& standby : measures.standbys) {
    standbys.push_back(json::object{{"name", standby.name},
                                    {"in_sync", standby.in_sync},
                                    {"durable_lsn", standby.durable},
                                    {"lag_changes", LagOf(standby, measures)}});
  }
  return standbys;
}

json::array PlacesArray(const Measures& measures) {
  json::array places;
  for (const Measures::Place& place : measures.places) {
    places.push_back(json::object{{"integration", place.integration},
                                  {"type", place.type},
                                  {"references", place.references},
                                  {"checked", place.checked},
                                  {"hits", place.hits},
                                  {"misses", place.checked - place.hits},
                                  {"added", place.added},
                                  {"conflicts", place.conflicts},
                                  {"claims_open", place.claims_open},
                                  {"claims_expired", place.claims_expired}});
  }
  return places;
}

// What the access token lets its holder do; null where none is needed.
json::value AccessObject(const Measures& measures) {
  if (measures.role.empty()) return nullptr;
  json::array integrations(measures.token_integrations.begin(), measures.token_integrations.end());
  json::value expires;
  if (measures.token_expires_us != 0) expires = TimeText(measures.token_expires_us);
  return json::object{{"token", measures.token},
                      {"role", measures.role},
                      {"integrations", std::move(integrations)},
                      {"expires_at", std::move(expires)}};
}

}  // namespace

Reply GetStatus(Call& call) {
  const Measures measures = call.asker().visitor()->Measure();
  const bool is_standby = measures.is_standby.value_or(false);
  json::value role;
  if (measures.is_standby) role = is_standby ? "standby" : "primary";
  json::value following;
  if (is_standby) following = measures.following;
  co_return JsonResponse({{"version", XREF_VERSION},
                          {"state", measures.state},
                          {"role", std::move(role)},
                          {"trouble", TextOrNull(measures.troubles)},
                          {"uptime_seconds", measures.uptime_seconds},
                          {"epoch", measures.epoch},
                          {"lsn", measures.lsn},
                          {"snapshot_lsn", measures.snapshot_lsn},
                          {"references", measures.references},
                          {"references_expected", OrNull(measures.references_expected)},
                          {"integrations", measures.integrations},
                          {"memory_bytes", measures.memory_bytes},
                          {"memory_limit_bytes", measures.memory_limit_bytes},
                          {"journal_bytes", OrNull(measures.journal_bytes)},
                          {"snapshot_bytes", OrNull(measures.snapshot_bytes)},
                          {"connections", measures.connections},
                          {"requests", measures.requests},
                          {"ids_checked", measures.ids_checked},
                          {"ids_synced", measures.ids_synced},
                          {"ids_looked_up", measures.ids_looked_up},
                          {"items_done", measures.items_done},
                          {"items_conflict", measures.items_conflict},
                          {"commit_us_last", measures.commit_us_last},
                          {"ack", TextOrNull(measures.ack)},
                          {"standbys", StandbysArray(measures)},
                          {"primary", TextOrNull(measures.primary)},
                          {"following", std::move(following)},
                          {"lag_ms", OrNull(measures.lag_ms)},
                          {"lag_changes", OrNull(measures.lag_changes)},
                          {"latency", LatencyObject(measures)},
                          {"places", PlacesArray(measures)},
                          {"access", AccessObject(measures)}});
}

Reply GetHealth(Call&) { co_return JsonResponse({{"status", "ok"}}); }

Reply GetReadiness(Call& call) {
  const std::string obstacle = call.gateway().FindObstacle();
  if (!obstacle.empty()) throw Problem{503, "not-ready", obstacle};
  co_return JsonResponse({{"status", "ready"}});
}

Reply GetMetrics(Call& call) {
  co_return Response{.body = MetricsText(call.asker().visitor()->Measure()),
                     .content_type = "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace xref::console
