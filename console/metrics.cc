#include "console/metrics.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <string_view>

namespace xref::console {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

class MetricsWriter {
 public:
  void Gauge(std::string_view name, std::string_view help, double value) {
    Begin(name, "gauge", help);
    Sample(name, "", value);
  }
  void Gauge(std::string_view name, std::string_view help, std::optional<uint64_t> value) {
    if (value) Gauge(name, help, static_cast<double>(*value));
  }
  void Counter(std::string_view name, std::string_view help, uint64_t value) {
    Begin(name, "counter", help);
    Sample(name, "", static_cast<double>(value));
  }

  void Begin(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                   type);
  }
  void Sample(std::string_view name, std::string_view labels, double value) {
    if (labels.empty()) {
      fmt::format_to(std::back_inserter(text_), "{} {}\n", name, value);
    } else {
      fmt::format_to(std::back_inserter(text_), "{}{{{}}} {}\n", name, labels, value);
    }
  }
  void Buckets(std::string_view name, std::string_view labels, const LatencyCounts& counts) {
    uint64_t so_far = 0;
    double seconds = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
      so_far += counts[i];
      const double bound = static_cast<double>(uint64_t{1} << i) / 1e6;
      // Taken to lie in the middle of its bucket, of which the bound is twice the beginning.
      seconds += static_cast<double>(counts[i]) * bound * 0.75;
      const bool is_last = i == kLatencyBounds;
      Sample(fmt::format("{}_bucket", name),
             fmt::format("{},le=\"{}\"", labels, is_last ? "+Inf" : fmt::format("{}", bound)),
             static_cast<double>(so_far));
    }
    Sample(fmt::format("{}_sum", name), labels, seconds);
    Sample(fmt::format("{}_count", name), labels, static_cast<double>(so_far));
  }

  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

void WritePlaces(const Measures& measures, MetricsWriter& out) {
  const struct {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    uint64_t (*value)(const Measures::Place&);
  } kinds[] = {
      {"xref_references", "gauge", "References held.",
       [](const Measures::Place& place) { return place.references; }},
      {"xref_checked_ids_total", "counter", "Source IDs that were checked.",
       [](const Measures::Place& place) { return place.checked; }},
      {"xref_check_hits_total", "counter", "Checked source IDs that were synced.",
       [](const Measures::Place& place) { return place.hits; }},
      {"xref_check_misses_total", "counter", "Checked source IDs that were not synced.",
       [](const Measures::Place& place) { return place.checked - place.hits; }},
      {"xref_added_references_total", "counter", "References that were added.",
       [](const Measures::Place& place) { return place.added; }},
      {"xref_conflicts_total", "counter",
       "Items that were refused since the source ID is linked to another target.",
       [](const Measures::Place& place) { return place.conflicts; }},
      {"xref_claims_open", "gauge", "Claims whose lease runs.",
       [](const Measures::Place& place) { return place.claims_open; }},
      {"xref_claims_expired", "gauge",
       "Claims whose lease is over and that were neither settled nor released.",
       [](const Measures::Place& place) { return place.claims_expired; }},
  };
  for (const auto& kind : kinds) {
    out.Begin(kind.name, kind.type, kind.help);
    for (const Measures::Place& place : measures.places) {
      out.Sample(
          kind.name,
          fmt::format("integration={},type={}", Quoted(place.integration), Quoted(place.type)),
          static_cast<double>(kind.value(place)));
    }
  }
}

void WriteLimits(const Measures& measures, MetricsWriter& out) {
  out.Begin("xref_limit", "gauge", "What bounds peers and changes; 0 where there is no bound.");
  for (const Measures::Limit& limit : measures.limits) {
    out.Sample("xref_limit", fmt::format("name={}", Quoted(limit.name)),
               static_cast<double>(limit.value));
  }
  out.Begin("xref_refused_total", "counter", "What was refused by a limit.");
  for (const Measures::Limit& limit : measures.limits) {
    if (!limit.refused) continue;
    out.Sample("xref_refused_total", fmt::format("limit={}", Quoted(limit.name)),
               static_cast<double>(*limit.refused));
  }
}

void WriteReplication(const Measures& measures, MetricsWriter& out) {
  if (measures.is_standby.value_or(false)) {
    if (measures.lag_ms) {
      out.Gauge("xref_replication_lag_seconds", "How old what this standby answers may be.",
                static_cast<double>(*measures.lag_ms) / 1e3);
    }
    out.Gauge("xref_replication_lag_changes", "Changes of the primary that this standby lacks.",
              measures.lag_changes);
    return;
  }
  size_t in_sync = 0;
  for (const Measures::Standby& standby : measures.standbys) in_sync += standby.in_sync ? 1 : 0;
  out.Gauge("xref_standbys", "Standbys that follow this daemon.",
            static_cast<double>(measures.standbys.size()));
  out.Gauge("xref_standbys_in_sync", "Of these, in sync.", static_cast<double>(in_sync));
  out.Begin("xref_standby_lag_changes", "gauge", "Changes that a standby lacks.");
  for (const Measures::Standby& standby : measures.standbys) {
    out.Sample("xref_standby_lag_changes", fmt::format("standby={}", Quoted(standby.name)),
               static_cast<double>(LagOf(standby, measures)));
  }
}

}  // namespace

uint64_t LagOf(const Measures::Standby& standby, const Measures& measures) {
  return measures.lsn > standby.durable ? measures.lsn - standby.durable : 0;
}

std::string MetricsText(const Measures& measures) {
  MetricsWriter out;
  const std::string_view role = !measures.is_standby   ? "unknown"
                                : *measures.is_standby ? "standby"
                                                       : "primary";
  out.Begin("xref_up_info", "gauge", "Version and role of the daemon.");
  out.Sample("xref_up_info", fmt::format("version=\"{}\",role=\"{}\"", XREF_VERSION, role), 1);
  out.Gauge("xref_ready", "1 where questions are answered and, of a primary, changes taken.",
            measures.ready ? 1.0 : 0.0);
  out.Gauge("xref_uptime_seconds", "Since the daemon started.",
            static_cast<double>(measures.uptime_seconds));
  out.Gauge("xref_epoch", "The term of the primary.", static_cast<double>(measures.epoch));
  out.Gauge("xref_lsn", "LSN of the last durable change.", static_cast<double>(measures.lsn));
  out.Gauge("xref_snapshot_lsn", "LSN that the snapshot reaches.",
            static_cast<double>(measures.snapshot_lsn));
  out.Gauge("xref_memory_bytes", "Memory that references have taken.",
            static_cast<double>(measures.memory_bytes));
  out.Gauge("xref_memory_limit_bytes", "Memory above which changes are refused.",
            static_cast<double>(measures.memory_limit_bytes));
  out.Gauge("xref_buffer_bytes",
            "Memory of requests and replies, beyond what each connection has for itself.",
            static_cast<double>(measures.buffer_bytes));
  out.Gauge("xref_journal_bytes", "Disk that the journal uses.", measures.journal_bytes);
  out.Gauge("xref_journal_held_bytes", "Of this, what the changes take that it holds now.",
            measures.journal_held_bytes);
  out.Gauge("xref_snapshot_bytes", "Disk that the snapshot uses.", measures.snapshot_bytes);
  out.Gauge("xref_connections", "Open connections of the binary protocol.",
            static_cast<double>(measures.connections));
  out.Counter("xref_requests_total", "Requests that were handled.", measures.requests);
  out.Counter("xref_commit_groups_total", "Groups of changes that were made durable.",
              measures.commit_groups);
  out.Gauge("xref_commit_duration_seconds_max", "Of the slowest commit since the start.",
            static_cast<double>(measures.commit_us_max) / 1e6);
  WriteLimits(measures, out);
  WriteReplication(measures, out);
  WritePlaces(measures, out);
  out.Begin("xref_request_duration_seconds", "histogram",
            "From a request's arrival to its answer. Of questions, the first one that each read "
            "from a connection brings; the sum is an estimate from the buckets.");
  out.Buckets("xref_request_duration_seconds", "operation=\"check\"", measures.question_latencies);
  out.Buckets("xref_request_duration_seconds", "operation=\"change\"", measures.change_latencies);
  return out.Take();
}

}  // namespace xref::console
