#include <csignal>

#include "client/cli/commands.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // In the order of help.
  xref::cli::CommandLine line;
  xref::cli::AddIntegrations(line);
  xref::cli::AddEntities(line);
  xref::cli::AddImport(line);
  xref::cli::AddQuestions(line);
  xref::cli::AddDuplicates(line);
  xref::cli::AddReconcile(line);
  xref::cli::AddMutations(line);
  xref::cli::AddClaims(line);
  xref::cli::AddBrowse(line);
  xref::cli::AddHistory(line);
  xref::cli::AddPurge(line);
  xref::cli::AddTrash(line);
  xref::cli::AddBackup(line);
  xref::cli::AddTokens(line);
  xref::cli::AddStatus(line);
  xref::cli::AddPromote(line);
  xref::cli::AddCompletion(line);
  return line.Run(argc, argv);
}
