// Packets with more headers than they need: does any of them get farther than the packet would without?
//
// Every packet of a run is made real, and made real again behind extension headers, IPv4 options, padding,
// and as a copy that ends too early. What the engine refuses without them it must refuse with them (S-68,
// S-69). One thread per call.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "property/run.h"

namespace vpcwall::property {

struct HeaderCoverage {
  std::uint64_t packets = 0;     // with more headers
  std::uint64_t refused = 0;     // of these, refused without the headers
  std::uint64_t unreadable = 0;  // of these, cut or lost with the headers
  std::uint64_t unparsed = 0;    // of these, damaged with the headers, and so dropped
};
[[nodiscard]] std::string to_string(const HeaderCoverage& coverage);

// What was refused without the headers and accepted with them; nothing if there was no such packet. Of the
// packets that are accepted without, at most as many are tried as of those that are refused.
[[nodiscard]] std::optional<std::string> play_with_headers(const Run& run, std::mt19937_64& random,
                                                           HeaderCoverage& coverage);

}  // namespace vpcwall::property
