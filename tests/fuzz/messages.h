#pragma once

#include <span>
#include <string_view>

#include "protocol/frame.h"

namespace xref::fuzz {

// A message of the protocol, as the body "messages" tries it.
struct TriedMessage {
  std::string_view type;  // the struct's name; empty where there is nothing to decode
  // False where the payload is refused, which is no failure.
  bool (*run)(protocol::Bytes payload, protocol::Opcode opcode) = nullptr;
};

// What is said with the opcodes from `first` to `last`.
struct Conversation {
  protocol::Opcode first;
  protocol::Opcode last;
  TriedMessage request;
  TriedMessage reply;
};

std::span<const Conversation> Conversations();
// What is said with that opcode, or nullptr.
const Conversation* FindConversation(protocol::Opcode opcode);

}  // namespace xref::fuzz
