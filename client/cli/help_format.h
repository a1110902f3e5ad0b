#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace xref::cli {

// Help with no line longer than a terminal is wide, as far as words allow.
class HelpFormat : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override;
  std::string make_footer(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* app) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
};

}  // namespace xref::cli
