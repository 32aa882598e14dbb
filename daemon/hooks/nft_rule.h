// One nftables rule as a value: the kernel's expressions, and the same in words close to those of nft(8).
//
//   NftRule("forward").leaves_by("eth1").go_to("enqueue")      text: oifname "eth1" goto enqueue
//
// The language of nft cannot say all that the kernel's nftables can do: consult a BPF program, or hand a
// packet to the NFQUEUE target. Both go over the kernel's own bridge to the extensions of iptables
// (nft_compat). So rules are sent to the kernel as they are here (nft_connection.h), not as text; the text is
// for people and tests. Each condition narrows those before it. Any thread.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/hooks/nft_attributes.h"
#include "net/address.h"
#include "net/mac_address.h"
#include "net/protocol.h"

namespace vpcwall {

// How a rule hands a packet to a queue.
enum class QueueVerdict : std::uint8_t {
  expression,  // nftables' own `queue`
  target,      // iptables' NFQUEUE, by the bridge
};

struct NftExpression {
  std::string name;
  NftAttributes attributes;
  friend bool operator==(const NftExpression&, const NftExpression&) = default;
};

class NftRule {
 public:
  explicit NftRule(std::string chain) : chain_(std::move(chain)) {}

  NftRule& arrives_by(std::uint32_t device);
  NftRule& arrives_by(std::string_view device);
  NftRule& leaves_by(std::uint32_t device);
  NftRule& leaves_by(std::string_view device);
  NftRule& is_made_here();           // came in by no device
  NftRule& is_for_an_own_address();  // of this host, as its routes have it
  NftRule& comes_from(const Prefix& prefix);
  NftRule& goes_to(const Prefix& prefix);
  NftRule& has_protocol(Protocol protocol);
  NftRule& has_source_port(std::uint16_t port);  // after has_protocol()
  NftRule& has_destination_port(std::uint16_t port);
  NftRule& has_icmpv6_type(std::uint8_t first, std::uint8_t last);
  // Frames, in a chain of a device.
  NftRule& has_frame_source(const MacAddress& address);
  NftRule& has_frame_destination(const MacAddress& address);
  NftRule& is_frame_for_one();                  // neither multicast nor broadcast
  NftRule& has_frame_type(std::uint16_t type);  // a frame with the tag of a VLAN has the tag's
  NftRule& carries(Family family);
  // The program of that name in a BPF file system says 1.
  NftRule& program_says_yes(const std::string& name);
  NftRule& program_says_yes(const std::vector<sock_filter>& program);
  NftRule& count();

  NftRule& accept();
  NftRule& drop();
  NftRule& go_back();  // to the rules of the hook after those of this chain
  NftRule& go_to(std::string_view chain);
  NftRule& jump_to(std::string_view chain);
  NftRule& queue(QueueVerdict verdict, std::uint16_t number, bool bypass);
  // By a hash that is the same in both directions; of TCP and UDP only, see nft_rules.cpp.
  NftRule& queue_by_hash(std::uint16_t first, std::uint16_t count, bool bypass);
  // No packet may meet it: that it is there has the kernel reassemble fragments.
  NftRule& reassemble(Family family);

  [[nodiscard]] const std::string& chain() const noexcept { return chain_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::vector<NftExpression>& expressions() const noexcept { return expressions_; }
  friend bool operator==(const NftRule&, const NftRule&) = default;

 private:
  void say(const std::string& words);
  void add(const char* name, NftAttributes attributes);
  void load_meta(std::uint32_t key);
  void load_payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length);
  void mask(std::span<const std::byte> bits);
  void compare(std::uint32_t operation, std::span<const std::byte> value);
  void has_device(std::uint32_t key, std::string_view word, std::string_view device);
  void has_address(std::uint32_t offset_ipv4, std::uint32_t offset_ipv6, const Prefix& prefix);
  void decide(std::uint32_t code, std::string_view chain = {});

  std::string chain_;
  std::string text_;
  std::vector<NftExpression> expressions_;
};

}  // namespace vpcwall
