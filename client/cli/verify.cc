#include "client/cli/verify.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>
#include <string>
#include <thread>

#include "client/cli/progress.h"

namespace xref::cli {
namespace {

namespace json = boost::json;
using protocol::VerifyReply;
using protocol::VerifyState;

constexpr std::string_view kRemedy =
    "The server goes on answering from its memory, but would not start again on these files.\n"
    "  - Have its disk examined: something else than xrefd has changed what was written.\n"
    "  - Restore the last backup into a new folder on a sound disk (xrefd --restore FILE --data "
    "NEW)\n"
    "    and import there what was added since.\n";

// The reply borrows from `payload`.
absl::StatusOr<VerifyReply> AwaitVerdict(Client& client, std::string& payload) {
  Progress progress("verify", "MiB");
  for (protocol::VerifyRequest request{.begin = true};; request.begin = false) {
    auto reply = client.Verify(request, payload);
    if (!reply.ok() || reply->state == VerifyState::kOver) return reply;
    progress.Update(reply->bytes_done >> 20, reply->bytes_done, reply->bytes_total);
    std::this_thread::sleep_for(kPollPause);
  }
}

void PrintJson(const VerifyReply& verdict) {
  json::array damages;
  for (const std::string_view damage : verdict.damages) {
    damages.emplace_back(json::string(damage.data(), damage.size()));
  }
  std::cout << json::object{{"sound", damages.empty()},
                            {"pages", verdict.pages},
                            {"references", verdict.references},
                            {"changes", verdict.changes},
                            {"lsn", verdict.lsn},
                            {"damages", std::move(damages)}}
            << "\n";
}

void PrintText(const VerifyReply& verdict) {
  if (verdict.damages.empty()) {
    std::cout << fmt::format(
        "sound: {} pages, {} references in the snapshot, {} changes in the journal, LSN {}\n",
        verdict.pages, verdict.references, verdict.changes, verdict.lsn);
    return;
  }
  std::cout << "DAMAGED\n";
  for (const std::string_view damage : verdict.damages) std::cout << "  " << damage << "\n";
  std::cout << kRemedy;
}

}  // namespace

absl::StatusOr<ExitCode> RunVerify(const Globals& globals) {
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  std::string payload;
  const auto verdict = AwaitVerdict(**client, payload);
  if (!verdict.ok()) return verdict.status();
  if (verdict->damages.empty() && !verdict->interrupted.empty()) {
    return absl::AbortedError(
        fmt::format("the files were not verified to their end: {}", verdict->interrupted));
  }
  if (globals.json) {
    PrintJson(*verdict);
  } else {
    PrintText(*verdict);
  }
  return verdict->damages.empty() ? kDone : kSomeItems;
}

}  // namespace xref::cli
