#include "client/cli/compare.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace xref::cli {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

// A standby that begins anew with a copy passes a mark without having compared anything, and is
// given another one. A daemon that follows somebody else would be given them for ever.
constexpr int kMarksMax = 5;

// Of one standby's status.
struct Facts {
  std::string state;
  std::string trouble;
  std::string lsn;
  std::string compared_lsn;
  std::string compared_sum;
};

absl::StatusOr<Facts> Ask(Client& client) {
  std::string payload;
  const auto status = client.Status(payload);
  if (!status.ok()) return status.status();
  Facts facts{.state = status->Fact("state"),
              .trouble = status->Fact("following_trouble"),
              .lsn = status->Fact("lsn"),
              .compared_lsn = status->Fact("compared_lsn"),
              .compared_sum = status->Fact("compared_sum")};
  if (facts.trouble.empty()) facts.trouble = status->Fact("trouble");
  return facts;
}

enum class Result { kSame, kDiffers, kNotReached };

struct Compared {
  Result result = Result::kNotReached;
  std::string why;  // it is not the same
};

const char* NameOf(Result result) {
  switch (result) {
    case Result::kSame:
      return "the same";
    case Result::kDiffers:
      return "differs";
    case Result::kNotReached:
      break;
  }
  return "not reached";
}

class Comparison {
 public:
  Comparison(const Globals& globals, std::unique_ptr<Client> primary)
      : globals_(globals),
        primary_(std::move(primary)),
        give_up_(steady_clock::now() + globals.client.answer_timeout) {}

  absl::Status Mark() {
    auto mark = primary_->Compare();
    if (mark.ok()) mark_ = *mark;
    return mark.status();
  }
  const protocol::CompareReply& mark() const { return mark_; }

  // Waits until the standby has compared its state as of the mark.
  absl::StatusOr<Compared> Await(const std::string& standby) {
    ClientOptions options = globals_.client;
    options.servers = {standby};
    options.failover_wait = {};
    options.max_lag.reset();
    std::unique_ptr<Client> client;
    Compared compared{.why = "it did not say that it has compared"};
    for (int marks = 0; steady_clock::now() < give_up_; std::this_thread::sleep_for(kPollPause)) {
      if (client == nullptr) {
        auto connected = Client::Connect(options);
        if (absl::IsInvalidArgument(connected.status())) return connected.status();
        if (!connected.ok()) {
          compared.why = std::string(connected.status().message());
          continue;
        }
        client = *std::move(connected);
      }
      const auto facts = Ask(*client);
      if (!facts.ok()) {
        compared.why = std::string(facts.status().message());
        client.reset();
        continue;
      }
      if (facts->state == "diverged") return Compared{Result::kDiffers, facts->trouble};
      if (facts->compared_lsn == std::to_string(mark_.lsn)) {
        if (facts->compared_sum == Describe(mark_.sum)) return Compared{Result::kSame, {}};
        return Compared{
            Result::kDiffers,
            fmt::format("it compared with {}: it follows another primary", facts->compared_sum)};
      }
      compared.why =
          facts->trouble.empty() ? fmt::format("it is at LSN {}", facts->lsn) : facts->trouble;
      if (std::stoull("0" + facts->lsn) < mark_.lsn) continue;
      if (++marks == kMarksMax) return compared;
      if (auto status = Mark(); !status.ok()) return status;
    }
    return compared;
  }

 private:
  const Globals& globals_;
  const std::unique_ptr<Client> primary_;
  const steady_clock::time_point give_up_;
  protocol::CompareReply mark_;
};

}  // namespace

absl::StatusOr<ExitCode> RunCompare(const Globals& globals,
                                    const std::vector<std::string>& standbys) {
  auto primary = ConnectToPrimary(globals);
  if (!primary.ok()) return primary.status();
  Comparison comparison(globals, *std::move(primary));
  if (auto status = comparison.Mark(); !status.ok()) return status;
  ExitCode code = kDone;
  json::array results;
  for (const std::string& standby : standbys) {
    const auto compared = comparison.Await(standby);
    if (!compared.ok()) return compared.status();
    if (compared->result != Result::kSame) code = kSomeItems;
    const protocol::CompareReply& mark = comparison.mark();
    if (globals.json) {
      results.push_back(json::object{{"standby", Json(standby)},
                                     {"result", NameOf(compared->result)},
                                     {"why", Json(compared->why)},
                                     {"lsn", mark.lsn},
                                     {"sum", Describe(mark.sum)}});
    } else if (compared->result == Result::kSame) {
      std::cout << fmt::format("{}  the same at LSN {}, sum {}\n", standby, mark.lsn,
                               Describe(mark.sum));
    } else {
      std::cout << fmt::format("{}  {}: {}\n", standby, NameOf(compared->result), compared->why);
    }
  }
  if (globals.json) std::cout << json::object{{"standbys", std::move(results)}} << "\n";
  return code;
}

}  // namespace xref::cli
