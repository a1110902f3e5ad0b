#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bench/workload.h"

namespace xref::bench {

// What was measured, and how, for people and for programs.
struct Report {
  std::string title;
  std::vector<std::pair<std::string, std::string>> setting;  // options and the like, by name
  std::vector<WorkloadResult> results;
};

// Of this machine: processor, cores, memory, kernel.
std::vector<std::pair<std::string, std::string>> DescribeMachine();

// What the server's processor does comes first: client and server share a machine, so the rate
// depends on what the client does meanwhile.
std::string PrintTable(const Report& report);
boost::json::object ToJson(const Report& report);
// One page with tables and plots, which needs nothing but itself.
std::string ToHtml(const Report& report);

}  // namespace xref::bench
