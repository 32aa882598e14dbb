// A HookPlan as tables of nftables: a pure function.
//
// Three tables of the name `vpcwall`, of the families ip, ip6 and netdev, all of them ours alone; one that
// would be empty is not made. Chains of `ip` and `ip6`:
//   arriving     host mode, at PREROUTING: after reassembly, before connection tracking and any translation
//   of
//                destinations
//   leaving      host mode, at POSTROUTING: after any translation of sources
//   forward      router mode, at FORWARD
//   in           what is asked of a packet that arrives; out, out-1, …: the same by the device it leaves by
//   passed, fast router mode: what the fast path passes and refuses, by whichever device it leaves
//   enqueue      which queue a packet goes to
//   reassemble   never entered: its rule makes the kernel reassemble fragments, without connection tracking,
//                while it exists
// Chains of `netdev`, host mode: in-INDEX and out-INDEX, the gates of a device (DeviceGate).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/hooks/hook_plan.h"
#include "daemon/hooks/nft_rule.h"

namespace vpcwall {

inline constexpr std::string_view nft_table = "vpcwall";

struct NftHook {
  std::uint32_t number = 0;   // NF_INET_FORWARD, …
  std::int32_t priority = 0;  // lower ones are asked earlier
  std::string device;         // netdev only
  friend bool operator==(const NftHook&, const NftHook&) = default;
};

struct NftChain {
  std::string name;
  std::optional<NftHook> hook;  // none: only where a rule leads there
  std::vector<NftRule> rules;
  friend bool operator==(const NftChain&, const NftChain&) = default;
};

enum class NftFamily : std::uint8_t { ip = 2, ip6 = 10, netdev = 5 };  // NFPROTO_*
[[nodiscard]] std::string_view to_string(NftFamily family) noexcept;   // "ip", …

struct NftTable {
  NftFamily family = NftFamily::ip;
  std::vector<NftChain> chains;  // those with a hook last
  friend bool operator==(const NftTable&, const NftTable&) = default;
};

// Of router mode as before: behind the host's own filter rules. Of host mode: see above.
inline constexpr std::int32_t forward_priority = 50, arriving_priority = -350, leaving_priority = 300;

// Each rule once: a packet meets these tables or those before them, never some of both. Precondition: the
// plan is installable.
[[nodiscard]] std::vector<NftTable> nft_tables(const HookPlan& plan, QueueVerdict verdict);
// Tables without a hook that use all that nft_tables() may use, but the fast path.
[[nodiscard]] std::vector<NftTable> nft_probe(QueueVerdict verdict);

// For people and tests.
[[nodiscard]] std::string to_string(const NftTable& table);

}  // namespace vpcwall
