#include "client/cli/help_format.h"

#include <algorithm>

namespace xref::cli {
namespace {

constexpr size_t kWidth = 90;

// Breaks lines between words. What follows the first line begins with `indent` spaces, and with
// those that its own line begins with.
std::string Wrap(const std::string& text, size_t indent) {
  std::string wrapped;
  size_t column = indent;
  size_t own_indent = 0;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\n') {
      wrapped += '\n' + std::string(indent, ' ');
      own_indent = std::min(text.find_first_not_of(' ', at + 1), text.size()) - at - 1;
      column = indent;
      ++at;
      continue;
    }
    // A word and the spaces before it.
    const size_t word = std::min(text.find_first_not_of(' ', at), text.size());
    const size_t end = std::min(text.find_first_of(" \n", word), text.size());
    if (column > indent + own_indent && column + (end - at) > kWidth) {
      wrapped += '\n' + std::string(indent + own_indent, ' ');
      column = indent + own_indent;
      at = word;
    }
    wrapped.append(text, at, end - at);
    column += end - at;
    at = end;
  }
  return wrapped;
}

// A name and its description beside it, or below where the name is long.
std::string Entry(const std::string& name, const std::string& description, size_t column) {
  std::string entry = "  " + name;
  if (entry.size() >= column) entry += '\n';
  const size_t begun = entry.ends_with('\n') ? 0 : entry.size();
  return entry + std::string(column - begun, ' ') + Wrap(description, column) + "\n";
}

}  // namespace

std::string HelpFormat::make_description(const CLI::App* app) const {
  return Wrap(CLI::Formatter::make_description(app), 0);
}

std::string HelpFormat::make_footer(const CLI::App* app) const {
  return Wrap(CLI::Formatter::make_footer(app), 0);
}

std::string HelpFormat::make_subcommand(const CLI::App* app) const {
  return Entry(app->get_display_name(true), app->get_description(), get_column_width());
}

std::string HelpFormat::make_option(const CLI::Option* option, bool is_positional) const {
  return Entry(make_option_name(option, is_positional) + make_option_opts(option),
               make_option_desc(option), get_column_width());
}

}  // namespace xref::cli
