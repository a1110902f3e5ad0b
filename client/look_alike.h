#pragma once

#include <string>
#include <string_view>

namespace xref {

// What is left of a source ID without what platforms and spreadsheets change about it: spaces, the
// case of A-Z, what begins with gid:// up to its last /, and zeros at the beginning of numbers. IDs
// with the same key look alike.
std::string LookAlikeKey(std::string_view id);

}  // namespace xref
