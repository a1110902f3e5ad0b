#pragma once

// Every function adds the commands of one theme to the command line; each is in the file of that
// name.

#include "client/cli/command_line.h"

namespace xref::cli {

void AddIntegrations(CommandLine& line);  // integration create|list|rename|drop
void AddEntities(CommandLine& line);      // entity add|list|rule
void AddImport(CommandLine& line);        // import
void AddQuestions(CommandLine& line);     // check, lookup, reverse
void AddDuplicates(CommandLine& line);    // duplicates
void AddReconcile(CommandLine& line);     // reconcile
void AddMutations(CommandLine& line);     // add, put, edit, delete, ignore, unignore
void AddClaims(CommandLine& line);        // claim, settle, release, renew, claims
void AddBrowse(CommandLine& line);        // list, search, export
void AddHistory(CommandLine& line);       // history, explain
void AddPurge(CommandLine& line);         // purge
void AddTrash(CommandLine& line);         // trash, restore
void AddBackup(CommandLine& line);        // backup
void AddTokens(CommandLine& line);        // token create|list|revoke
void AddStatus(CommandLine& line);        // status
void AddPromote(CommandLine& line);       // promote
void AddCompletion(CommandLine& line);    // completion

}  // namespace xref::cli
