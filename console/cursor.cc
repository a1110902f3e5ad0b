#include "console/cursor.h"

#include <absl/strings/escaping.h>

#include <cstring>
#include <functional>

#include "console/problem.h"

namespace xref::console {
namespace {

// Of what a cursor holds and what it belongs to. Finds mistakes; nobody gains from deceiving it.
std::string SealOf(const std::string& listing, const std::string& bytes) {
  const uint64_t hash = std::hash<std::string>()(std::to_string(listing.size()) + listing + bytes);
  std::string seal;
  protocol::Writer(seal).U64(hash);
  return seal;
}

}  // namespace

void Cursor::Refuse() {
  throw Problem{400, "bad-cursor",
                "the cursor is not of this listing with these filters: begin again without one"};
}

Cursor Cursor::Of(std::string_view listing) { return Cursor(listing); }

Cursor Cursor::Parse(std::string_view listing, std::string_view text) {
  Cursor cursor(listing);
  if (text.empty()) return cursor;
  std::string sealed;
  if (!absl::WebSafeBase64Unescape({text.data(), text.size()}, &sealed)) Refuse();
  const std::string seal = sealed.substr(0, sizeof(uint64_t));
  cursor.bytes_ = sealed.substr(seal.size());
  if (cursor.bytes_.empty() || seal != SealOf(cursor.listing_, cursor.bytes_)) Refuse();
  return cursor;
}

protocol::Reader Cursor::Rest() const {
  return protocol::Reader(
      {reinterpret_cast<const uint8_t*>(bytes_.data()) + read_, bytes_.size() - read_});
}

uint64_t Cursor::Number() {
  if (is_beginning()) return 0;
  protocol::Reader rest = Rest();
  const uint64_t number = rest.U64();
  if (!rest.ok()) Refuse();
  read_ += sizeof number;
  return number;
}

std::string Cursor::Text() {
  if (is_beginning()) return {};
  protocol::Reader rest = Rest();
  const std::string text(rest.Text16());
  if (!rest.ok()) Refuse();
  read_ += sizeof(uint16_t) + text.size();
  return text;
}

Cursor& Cursor::Add(uint64_t number) {
  protocol::Writer(bytes_).U64(number);
  return *this;
}

Cursor& Cursor::Add(std::string_view text) {
  protocol::Writer(bytes_).Text16(text);
  return *this;
}

std::string Cursor::ToText() const {
  const std::string sealed = SealOf(listing_, bytes_) + bytes_;
  std::string text;
  absl::WebSafeBase64Escape({sealed.data(), sealed.size()}, &text);
  return text;
}

}  // namespace xref::console
