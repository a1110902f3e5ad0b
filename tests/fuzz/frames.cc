// A stream of bytes has the same frames in it, however it is cut on its way.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/frame.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace xref::fuzz {
namespace {

using protocol::Bytes;
using protocol::Malformed;
using protocol::NeedMore;
using protocol::Parsed;

// What is found in a stream: the frames, and what it ends with.
struct Found {
  std::vector<std::string> frames;
  std::optional<Malformed> end;

  bool operator==(const Found& other) const {
    return frames == other.frames && end.has_value() == other.end.has_value() &&
           (!end || (end->status == other.end->status && end->message == other.end->message &&
                     end->request_id == other.end->request_id));
  }
};

// A frame that was taken apart, put together again.
std::string Rebuilt(protocol::Frame frame) {
  std::string whole;
  protocol::FrameWriter writer(whole, frame.header);
  whole.append(reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size());
  writer.Close();

  std::optional<protocol::StandbyMark> mark;
  const size_t payload_bytes = frame.payload.size();
  if (TakeMark(frame, mark) && mark) {
    EXPECT_EQ(frame.payload.size() + protocol::kStandbyMarkBytes, payload_bytes);
    std::string encoded;
    Encode(*mark, encoded);
    EXPECT_EQ(encoded, whole.substr(protocol::kHeaderBytes, protocol::kStandbyMarkBytes));
  }
  return whole;
}

// `cut` gives the size of the next piece.
template <typename Cut>
Found Parse(std::string_view stream, size_t payload_bytes_max, Cut cut) {
  Found found;
  std::vector<uint8_t> held;
  while (!found.end) {
    const size_t piece = std::min<size_t>(stream.size(), cut());
    held.insert(held.end(), stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(piece));
    stream.remove_prefix(piece);
    for (bool more = true; more;) {
      // Of its very size, so that whoever reads past its end is caught.
      const std::vector<uint8_t> exact(held);
      const auto result = protocol::ParseFrame(Bytes(exact), payload_bytes_max);
      more = false;
      if (const auto* parsed = std::get_if<Parsed>(&result)) {
        EXPECT_LE(parsed->consumed, held.size());
        EXPECT_EQ(parsed->consumed, protocol::kHeaderBytes + parsed->frame.payload.size());
        found.frames.push_back(Rebuilt(parsed->frame));
        EXPECT_EQ(std::memcmp(found.frames.back().data(), exact.data(), parsed->consumed), 0);
        held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(parsed->consumed));
        more = true;
      } else if (const auto* need = std::get_if<NeedMore>(&result)) {
        EXPECT_GT(need->bytes, held.size());
        EXPECT_LE(need->bytes, protocol::kHeaderBytes + payload_bytes_max);
      } else {
        found.end = std::get<Malformed>(result);
      }
    }
    if (piece == 0) break;
  }
  return found;
}

}  // namespace

void RunFrames(std::string_view bytes) {
  FuzzBytes input(bytes);
  const size_t payload_bytes_max = size_t{1} << input.Next() % 23;
  uint32_t random = input.Number<uint16_t>();
  const std::string_view stream = input.Rest();
  const auto some = [&] {
    random = random * 1'664'525 + 1'013'904'223;
    return 1 + (random >> 24) % 40;
  };
  const Found whole = Parse(stream, payload_bytes_max, [&] { return stream.size(); });
  EXPECT_TRUE(whole == Parse(stream, payload_bytes_max, some));
}

}  // namespace xref::fuzz
