// The packets of a capture by conversation: what passed between two ends, in both directions, and what a
// policy said of it.
//
// Ends are addresses with ports (TCP, UDP), with an identifier (ICMP questions and answers), or alone; then
// the type and code of an ICMP message tell conversations apart, and the protocol those of others. The
// conversation reads in the direction of its first packet.
//
// Bounded: packets of conversations beyond max_conversations are counted together, and of each conversation
// at most max_outcomes different outcomes are told apart. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "engine/decision.h"

namespace vpcwall {

struct OutcomeCount {
  GateOutcome gate;
  std::uint64_t packets = 0;
};

struct Conversation {
  Packet first_packet;  // stands for its direction, protocol, ends
  std::uint64_t packets = 0, bytes = 0;
  std::uint64_t accepted = 0, dropped = 0;
  std::uint64_t differing = 0;  // whoever compares two policies counts here
  Duration first{}, last{};
  std::vector<OutcomeCount> outcomes;  // in the order in which they first came
};

class Conversations {
 public:
  static constexpr std::size_t max_conversations = std::size_t{1} << 18U;
  static constexpr std::size_t max_outcomes = 16;

  // The conversation that `packet` belongs to, or null where there is no room for another one.
  Conversation* add(const Packet& packet, const Decision& decision, Duration at);

  [[nodiscard]] const std::vector<Conversation>& all() const noexcept { return all_; }  // by first packet
  [[nodiscard]] std::uint64_t packets_without_room() const noexcept { return without_room_; }

 private:
  struct Key {
    Protocol protocol = Protocol::no_next_header;
    std::uint32_t kind = 0;
    IpAddress low, high;
    std::uint16_t low_port = 0, high_port = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  static Key key_of(const Packet& packet) noexcept;

  std::map<Key, std::size_t> places_;
  std::vector<Conversation> all_;
  std::uint64_t without_room_ = 0;
};

// "tcp 203.0.113.12:40000 - 10.0.1.10:443", "icmp 10.0.0.5 - 192.0.2.1 id 7"
[[nodiscard]] std::string describe(const Conversation& conversation);

}  // namespace vpcwall
