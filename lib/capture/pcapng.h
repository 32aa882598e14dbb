// A capture with comments, as the blocks of a pcapng file: one section, one interface, then the packets.
//
//   std::vector<std::byte> file;
//   append_section(file, {"vpcwall 1.0", "judged by policy.yaml"});
//   append_interface(file, {LinkType::ethernet, "capture.pcap"});
//   append_packet(file, frame, comments);       // as often as there are frames
//
// Little-endian, time in nanoseconds. Texts are UTF-8; one that is longer than max_text bytes is cut between
// two characters. Bytes and lengths of a frame are kept as they are. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/frame.h"

namespace vpcwall {

inline constexpr std::size_t max_text = 32768;  // an option's length has 16 bits

struct PcapngSection {
  std::string application;
  std::string comment;  // of the whole file; empty: none
};

struct PcapngInterface {
  LinkType link_type = LinkType::ethernet;
  std::string name;
};

void append_section(std::vector<std::byte>& file, const PcapngSection& section);
void append_interface(std::vector<std::byte>& file, const PcapngInterface& interface);
// On the section's only interface. Every comment becomes one of its own.
void append_packet(std::vector<std::byte>& file, const CapturedFrame& frame,
                   std::span<const std::string> comments);

}  // namespace vpcwall
