#pragma once

// The bodies of the fuzzers: functions that hand bytes to one reader of what others write, and
// expect what must hold whatever these bytes are. Each is run by libFuzzer (fuzzer.cc) and, on the
// inputs that are kept in tests/corpus/NAME, by the suite (fuzz_test.cc). README.md beside the
// tests says how to add one.

#include <span>
#include <string_view>

namespace xref::fuzz {

struct Body {
  std::string_view name;  // of its corpus as well, and of its dictionary, NAME.dict
  // Expects by means of GoogleTest. Leaves nothing behind; does not depend on what ran before it.
  void (*run)(std::string_view bytes);
};

// In the order of their names.
std::span<const Body> Bodies();

void RunBackup(std::string_view bytes);
void RunChanges(std::string_view bytes);
void RunConnections(std::string_view bytes);
void RunEtcd(std::string_view bytes);
void RunFrames(std::string_view bytes);
void RunHttp(std::string_view bytes);
void RunIndex(std::string_view bytes);
void RunJournal(std::string_view bytes);
void RunMessages(std::string_view bytes);
void RunOptions(std::string_view bytes);
void RunPages(std::string_view bytes);
void RunRecords(std::string_view bytes);
void RunSessions(std::string_view bytes);
void RunStored(std::string_view bytes);
void RunWords(std::string_view bytes);

}  // namespace xref::fuzz
