#pragma once

// The words that a command line knows, and the one that was probably meant.

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace xref::cli {

// The commands below `app`, and its own options as they are written ("--json").
std::vector<std::string> CommandNames(const CLI::App& app);
std::vector<std::string> OptionNames(const CLI::App& app);

// The candidate with the fewest letters changed, left out, added or swapped with their neighbour;
// empty where none is near.
std::string Nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace xref::cli
