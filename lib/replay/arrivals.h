// The frames of a capture, one after the other, as what a firewall would be asked about.
//
//   Arrivals arrivals(LinkType::ethernet);
//   for (each frame) {
//     const Arrival arrival = arrivals.next(frame);
//     if (arrival.kind == Arrival::Kind::packet) judge(arrival.packet, arrival.at);
//   }
//
// Fragments are put together first, as the kernel does it before any gate (C-64): the last one that comes
// carries the whole datagram, the others are held. Time is that of the capture, from its first frame on; a
// frame whose time stamp lies before that of an earlier one arrives at the earlier one's time, and is
// counted.
//
// What a capture left out is not judged: a packet whose headers were cut off by its limit on the length of
// packets would look as if it had none. One thread.
#pragma once

#include <cstdint>

#include "capture/frame.h"
#include "net/fragment.h"
#include "net/packet.h"
#include "replay/reassembler.h"

namespace vpcwall {

struct Arrival {
  enum class Kind : std::uint8_t {
    packet,   // to be judged
    damaged,  // dropped before it is judged: `error`; fragments that overlap are among these
    held,     // a fragment that waits for others, or repeats one
    not_ip,   // not judged: `protocol`
    cut,      // not judged: the capture has too little of it
  };
  static constexpr std::size_t kinds = 5;
  Kind kind = Kind::not_ip;
  std::uint64_t number = 0;  // of the frame
  Duration at{};             // since the first frame; never decreases
  std::uint32_t bytes = 0;   // of the packet from its IP header on; of the frame if there is none
  Packet packet;
  ParseError error = ParseError::empty;
  std::uint32_t protocol = 0;   // what the link header announces instead of IP
  std::uint32_t fragments = 0;  // that `packet` was made of; 0: it came whole
};

class Arrivals {
 public:
  explicit Arrivals(LinkType link_type) : link_type_(link_type) {}

  Arrival next(const CapturedFrame& frame);

  // Frames that were stamped with a time before that of an earlier one, and the longest way back.
  [[nodiscard]] std::uint64_t set_back() const noexcept { return set_back_; }
  [[nodiscard]] Duration farthest_back() const noexcept { return farthest_back_; }
  // Fragments held so far whose datagrams never became whole.
  [[nodiscard]] std::uint64_t left_over() const noexcept { return held_ - used_; }

 private:
  Duration time_of(const CapturedFrame& frame);
  static void read_ip(std::span<const std::byte> bytes, std::uint32_t wire_length, Arrival& arrival);
  // What the arrival is unless they say otherwise: damaged, a fragment.
  void put_together(const FragmentHeader& header, std::span<const std::byte> bytes, Arrival& arrival);
  void read_whole(Family family, Arrival& arrival);

  LinkType link_type_;
  std::optional<std::chrono::nanoseconds> begun_;
  Duration now_{};
  std::uint64_t set_back_ = 0;
  Duration farthest_back_{};
  Reassembler reassembler_;
  std::uint64_t held_ = 0, used_ = 0;
};

}  // namespace vpcwall
