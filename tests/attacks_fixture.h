#pragma once

// What holds in every attack: clients that were there before go on, with every answer right, and
// what they were told is there afterwards.

#include <cstdint>
#include <memory>
#include <string>

#include "bench/crowd.h"
#include "tests/daemon_fixture.h"
#include "tests/load.h"
#include "tests/raw_peer.h"

namespace xref::test {

class AttacksTest : public ShopTest {
 protected:
  // Begins anew with these options, with established clients under load.
  void StartUnderLoad(const Arguments& options);
  // Waits until the established clients have got some further: they do go on.
  void ExpectProgress();
  // That what they were told is there, also after a kill -9.
  void ExpectNothingLost();
  // What STATUS tells, asked on a connection that was there before.
  uint64_t EstablishedFact(const std::string& name);
  // That somebody who comes now is let in and answered.
  void ExpectNewcomerIsAnswered();
  // Waits until the fact is at least that.
  void AwaitFact(const std::string& name, uint64_t least);
  // Waits until the server has closed all of them.
  static void AwaitAllClosed(bench::Crowd& crowd);
  // The most memory that the daemon has had so far, in bytes.
  uint64_t MemoryPeak() const;

  // Where the attackers come from; the clients come from 127.0.0.1.
  static constexpr const char* kElsewhere = "127.0.0.2";

  uint64_t others_ = 0;  // references that the load knows nothing of
  Model model_;
  std::unique_ptr<Load> load_;
  std::unique_ptr<Client> established_;
};

}  // namespace xref::test
