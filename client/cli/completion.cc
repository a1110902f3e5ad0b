// A script that completes commands and options, made from the commands themselves.

#include <fmt/format.h>

#include <iostream>

#include "client/cli/commands.h"
#include "client/cli/nearest.h"

namespace xref::cli {
namespace {

struct CompletionOptions {
  std::string shell;
};

// The cases of a shell's "case": which paths of commands there are, and which words may follow
// each. A path is the commands with a space before each.
struct Cases {
  std::string paths;
  std::string words;
};

void Collect(const CLI::App& app, const std::string& path, const std::string& inherited,
             Cases& cases) {
  std::string options = inherited;
  for (const std::string& name : OptionNames(app)) {
    // --help is inherited already, and --version is of xref alone.
    if (inherited.find(" " + name) == std::string::npos) options += " " + name;
  }
  std::string words = options;
  for (const std::string& name : CommandNames(app)) {
    words += " " + name;
    cases.paths += fmt::format("{}\"{} {}\"", cases.paths.empty() ? "" : " | ", path, name);
  }
  cases.words += fmt::format("    \"{}\") words=\"{}\" ;;\n", path, words.substr(1));
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    Collect(*command, path + " " + command->get_name(), options, cases);
  }
}

ExitCode PrintBash(const CLI::App& root) {
  Cases cases;
  Collect(root, "", "", cases);
  std::cout << fmt::format(
      R"(# Completion of xref's commands and options for bash; file names complete everything else.
_xref() {{
  local path="" words="" word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$path $word" in
      {}) path+=" $word" ;;
    esac
  done
  case "$path" in
{}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}")
}}
complete -o default -F _xref xref
)",
      cases.paths, cases.words);
  return kDone;
}

}  // namespace

void AddCompletion(CommandLine& line) {
  const auto run = [&root = line.root()](const Globals&, const CompletionOptions&) {
    return PrintBash(root);
  };
  const auto [app, options] = line.Add<CompletionOptions>(
      line.root(), "completion", "Print a script that completes commands in a shell",
      "Example: xref completion bash > ~/.local/share/bash-completion/completions/xref", run);
  app.add_option("shell", options.shell, "The shell")
      ->required()
      ->type_name("bash")
      ->check(CLI::IsMember({"bash"}).description(""));
}

}  // namespace xref::cli
