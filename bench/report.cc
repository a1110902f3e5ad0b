#include "bench/report.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <ctime>
#include <fstream>

namespace xref::bench {
namespace {

namespace json = boost::json;

constexpr double kNsInMs = 1e6;
constexpr double kNsInSecond = 1e9;

struct Percentile {
  const char* name;
  double share;
};
constexpr Percentile kPercentiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};

double Ms(uint64_t ns) { return static_cast<double>(ns) / kNsInMs; }

json::object JsonOf(const Rounds& rounds) {
  return {{"median", rounds.Median()}, {"rounds", json::value_from(rounds.values())}};
}

// The value of a line such as "model name : Xeon" of a file.
std::string Named(const char* path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    const size_t at = line.find_first_not_of(" \t", line.find(':') + 1);
    return at == std::string::npos ? "" : line.substr(at);
  }
  return "";
}

constexpr std::string_view kPageBegin = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>xref-bench</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1d2733;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2.2rem}table{border-collapse:collapse;width:100%}
th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid #d9e0e7;font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}
dt{color:#51606f}dd{margin:0}svg{width:100%;height:auto}text{font:12px system-ui,sans-serif;fill:currentColor}
@media(prefers-color-scheme:dark){body{color:#e3e9ef;background:#14191f}th,td{border-color:#333d48}dt{color:#a3b1bf}}
</style></head><body><main id="page"></main><script type="application/json" id="report">)";

constexpr std::string_view kPageEnd = R"(</script><script>
const report = JSON.parse(document.getElementById('report').textContent);
const page = document.getElementById('page');
const colours = ['#1f77b4', '#d95f02', '#1b9e77', '#7570b3', '#e7298a', '#66a61e', '#a6761d', '#666666'];
function add(parent, name, text, attributes) {
  const space = parent.namespaceURI.endsWith('svg') || name === 'svg' ? 'http://www.w3.org/2000/svg' : parent.namespaceURI;
  const element = document.createElementNS(space, name);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  parent.appendChild(element);
  return element;
}
const label = r => r.name + ', batch ' + r.batch.toLocaleString('en');
const number = (value, digits) => value === undefined ? '-' :
    value.toLocaleString('en', {maximumFractionDigits: digits === undefined ? 0 : digits});
add(page, 'h1', report.title);
const list = add(page, 'dl');
for (const [name, value] of Object.entries({...report.setting, ...report.machine})) {
  add(list, 'dt', name);
  add(list, 'dd', value);
}
add(page, 'h2', 'Results');
const table = add(page, 'table');
const head = add(add(table, 'thead'), 'tr');
for (const name of ['', 'IDs per server CPU-second', 'server CPU ns/ID', 'IDs/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms'])
  add(head, 'th', name);
const body = add(table, 'tbody');
for (const r of report.results) {
  const row = add(body, 'tr');
  const cpu = r.server_ns_per_id && r.server_ns_per_id.median;
  for (const cell of [label(r), number(cpu && 1e9 / cpu), number(cpu, 1), number(r.ids_per_second.median),
                      number(r.latency_ms.p50, 3), number(r.latency_ms.p99, 3), number(r.latency_ms['p99.9'], 3),
                      number(r.latency_ms.max, 3)])
    add(row, 'td', cell);
}
function bars(title, rows, value, digits) {
  const shown = rows.filter(r => value(r) !== undefined);
  if (!shown.length) return;
  add(page, 'h2', title);
  const svg = add(page, 'svg', null, {viewBox: '0 0 900 ' + (shown.length * 26 + 10), role: 'img', 'aria-label': title});
  const most = Math.max(...shown.map(value));
  shown.forEach((r, i) => {
    add(svg, 'text', label(r), {x: 0, y: i * 26 + 18});
    const width = Math.max(1, value(r) / most * 520);
    add(svg, 'rect', null, {x: 210, y: i * 26 + 5, width, height: 18, fill: colours[i % colours.length]});
    add(svg, 'text', number(value(r), digits), {x: 218 + width, y: i * 26 + 18});
  });
}
bars('IDs per server CPU-second', report.results, r => r.server_ns_per_id && 1e9 / r.server_ns_per_id.median);
bars('IDs a second', report.results, r => r.ids_per_second.median);
add(page, 'h2', 'Latency of a request, by percentile');
const svg = add(page, 'svg', null, {viewBox: '0 0 900 ' + (380 + report.results.length * 18), role: 'img',
                                    'aria-label': 'Latency by percentile'});
const all = report.results.flatMap(r => r.curve.map(p => p[1])).filter(ms => ms > 0);
const low = Math.floor(Math.log10(Math.min(...all))), high = Math.ceil(Math.log10(Math.max(...all)) + 1e-9);
const nines = 5, x = share => 60 + Math.min(nines, -Math.log10(1 - share + 1e-12)) / nines * 800;
const y = ms => 330 - (Math.log10(ms) - low) / Math.max(1, high - low) * 310;
for (let power = low; power <= high; ++power) {
  add(svg, 'line', null, {x1: 60, x2: 860, y1: y(10 ** power), y2: y(10 ** power), stroke: 'currentColor', 'stroke-opacity': .2});
  add(svg, 'text', number(10 ** power, 4) + ' ms', {x: 0, y: y(10 ** power) + 4});
}
for (const share of [0, .9, .99, .999, .9999, .99999])
  add(svg, 'text', number(share * 100, 3) + ' %', {x: x(share) - 14, y: 352});
report.results.forEach((r, i) => {
  const colour = colours[i % colours.length];
  const points = r.curve.filter(p => p[1] > 0).map(p => x(p[0]) + ',' + y(p[1])).join(' ');
  add(svg, 'polyline', null, {points, fill: 'none', stroke: colour, 'stroke-width': 2});
  add(svg, 'rect', null, {x: 60, y: 366 + i * 18, width: 12, height: 12, fill: colour});
  add(svg, 'text', label(r), {x: 80, y: 376 + i * 18});
});
</script></body></html>
)";

}  // namespace

std::vector<std::pair<std::string, std::string>> DescribeMachine() {
  utsname system{};
  uname(&system);
  return {{"processor", Named("/proc/cpuinfo", "model name")},
          {"cores", std::to_string(sysconf(_SC_NPROCESSORS_ONLN))},
          {"memory", Named("/proc/meminfo", "MemTotal")},
          {"system", fmt::format("{} {}", system.sysname, system.release)}};
}

std::string PrintTable(const Report& report) {
  std::string out = report.title + "\n" +
                    fmt::format(
                        "{:<13} {:>6} {:>13} {:>13} {:>17} {:>12} {:>9} {:>9} {:>9} {:>9} "
                        "{:>12} {:>6}\n",
                        "", "batch", "IDs per", "server CPU", "(min..max)", "IDs/s", "p50 ms",
                        "p99 ms", "p99.9 ms", "max ms", "IDs", "hits") +
                    fmt::format("{:<13} {:>6} {:>13} {:>13}\n", "", "", "CPU-second", "ns/ID");
  for (const WorkloadResult& r : report.results) {
    const auto& cpu = r.server_ns_per_id;
    const LatencyHistogram& latency = r.latency;
    out += fmt::format(
        "{:<13} {:>6} {:>13} {:>13} {:>17} {:>12.0f} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f} {:>12} "
        "{:>5.0f}%\n",
        r.name, r.batch, cpu.empty() ? "-" : fmt::format("{:.0f}", kNsInSecond / cpu.Median()),
        cpu.empty() ? "-" : fmt::format("{:.1f}", cpu.Median()), cpu.empty() ? "" : cpu.Range(1),
        r.ids_per_second.Median(), Ms(latency.Quantile(0.5)), Ms(latency.Quantile(0.99)),
        Ms(latency.Quantile(0.999)), Ms(latency.max()), r.ids,
        100 * static_cast<double>(r.hits) / static_cast<double>(std::max<uint64_t>(r.ids, 1)));
  }
  return out;
}

json::object ToJson(const Report& report) {
  json::object out{{"title", report.title}};
  const auto object_of = [](const auto& pairs) {
    json::object object;
    for (const auto& [name, value] : pairs) object[name] = value;
    return object;
  };
  out["version"] = XREF_VERSION;
  out["measured_at"] = std::time(nullptr);
  out["machine"] = object_of(DescribeMachine());
  out["setting"] = object_of(report.setting);
  json::array results;
  for (const WorkloadResult& r : report.results) {
    json::object result{{"name", r.name}, {"batch", r.batch}, {"ids", r.ids}, {"hits", r.hits}};
    if (!r.server_ns_per_id.empty()) result["server_ns_per_id"] = JsonOf(r.server_ns_per_id);
    result["ids_per_second"] = JsonOf(r.ids_per_second);
    json::object latency;
    for (const auto& [name, share] : kPercentiles) latency[name] = Ms(r.latency.Quantile(share));
    result["latency_ms"] = std::move(latency);
    result["requests"] = r.latency.count();
    // Ever nearer to 1, as far as there are requests.
    json::array curve;
    for (double left = 1; left * static_cast<double>(r.latency.count()) >= 1; left *= 0.8) {
      curve.push_back(json::array{1 - left, Ms(r.latency.Quantile(1 - left))});
    }
    result["curve"] = std::move(curve);
    results.push_back(std::move(result));
  }
  out["results"] = std::move(results);
  return out;
}

std::string ToHtml(const Report& report) {
  // Within a script element only this could end it.
  std::string data = json::serialize(ToJson(report));
  for (size_t at = 0; (at = data.find("</", at)) != std::string::npos; at += 3) {
    data.replace(at, 2, "<\\/");
  }
  return fmt::format("{}{}{}", kPageBegin, data, kPageEnd);
}

}  // namespace xref::bench
