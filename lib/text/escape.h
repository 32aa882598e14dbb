// Text from outside as it may be printed, logged or exported.
//
//   escaped("web\n\033[2J")            ->  web\x0a\x1b[2J
//   escaped("a U+202E b")              ->  a \u202e b
//   escaped_lines("one\ntwo\033[2J\n") ->  one, two\x1b[2J, on two lines
//
// Escaped are: control characters (C0, DEL and C1), characters that change the direction of text, that are
// invisible or that end a line, and bytes that are no UTF-8. A control byte becomes \x and two digits, a
// character from U+007F on \u and four digits, twice when it is beyond U+FFFF, as JSON has it. So a JSON
// document keeps its meaning: its library has escaped the control bytes already, and what is left is replaced
// by an escape of JSON. A byte that is no UTF-8 becomes \x and two digits.
//
// A backslash stays as it is, so escaping twice changes nothing more. Sinks call this: log, metrics, audit
// log, terminal. What makes a message need not. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vpcwall {

[[nodiscard]] std::string escaped(std::string_view text);
// For text of several lines: line ends and tabs stay.
[[nodiscard]] std::string escaped_lines(std::string_view text);

// Whether escaped() would leave it as it is.
[[nodiscard]] bool is_printable(std::string_view text) noexcept;

// How many bytes at its end are the beginning of a character of which the rest is missing: 0 to 3. For texts
// that come in parts.
[[nodiscard]] std::size_t unfinished_bytes(std::string_view text) noexcept;

}  // namespace vpcwall
