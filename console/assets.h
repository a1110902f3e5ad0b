#pragma once

// What the binary carries with it: the pages of the console, and the description of the API.

#include <span>
#include <string>
#include <string_view>

#include "console/call.h"

namespace xref::console {

struct Asset {
  std::string_view path;  // e.g. "/index.html"
  std::string_view bytes;
  std::string_view digest;  // of the bytes, in hexadecimal digits
};
// Made by the build.
std::span<const Asset> Assets();

// The file that a GET or HEAD asks for; nullptr where it asks for something else.
const Asset* FindAsset(const Request& request);
// `known` is what the client has, as its If-None-Match tells.
Response ResponseOf(const Asset& asset, std::string_view known);

}  // namespace xref::console
