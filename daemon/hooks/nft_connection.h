// The kernel's nftables, asked and told over netlink, about the tables `vpcwall` alone.
//
//   NftConnection nftables;
//   nftables.replace(tables, NftOwnership::unowned);     // one transaction
//   nftables.look();                                     // what is there now
//
// A connection speaks to the network namespace of the thread that made it, and owns the tables that it was
// told to own: then nothing but this connection can change them, and, where the kernel keeps such tables
// (Linux 6.9), they outlive it. Rules of others are never read, however many there are. Not thread-safe;
// needs CAP_NET_ADMIN. Throws std::system_error when the kernel refuses.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/hooks/netfilter_socket.h"
#include "daemon/hooks/nft_rules.h"

struct nlmsghdr;

namespace vpcwall {

enum class NftOwnership : std::uint8_t { unowned, owned };

// What is there of a chain. A rule that is replaced keeps its handle, and has another digest.
struct NftFoundRule {
  std::uint64_t handle = 0;
  std::uint64_t digest = 0;  // of what it says, without what it has counted
  friend bool operator==(const NftFoundRule&, const NftFoundRule&) = default;
};
struct NftFoundChain {
  std::uint64_t handle = 0;
  std::optional<NftHook> hook;
  bool accepts = true;              // its policy
  std::vector<NftFoundRule> rules;  // in order
  std::uint64_t counted = 0;        // packets, by all its counters
};
struct NftFoundTable {
  std::uint64_t handle = 0;
  std::uint32_t flags = 0;  // NFT_TABLE_F_*
  std::map<std::string, NftFoundChain> chains;
};
using NftFound = std::map<NftFamily, NftFoundTable>;

class NftConnection {
 public:
  NftConnection();

  // What of ours there is. `with_rules` false: without rules and counters.
  [[nodiscard]] NftFound look(bool with_rules = true);
  // Puts `tables` in the place of whatever tables of ours there were. Hooks that are needed again stay: when
  // one goes, the kernel drops every packet that waits in a queue of the namespace.
  void replace(const std::vector<NftTable>& tables, NftOwnership ownership);
  // Leaves no table of ours.
  void remove();
  // The table of the family inet that earlier versions made.
  void remove_earlier();
  // Whether the kernel would take `tables`, or the error with which it refuses. Changes nothing.
  [[nodiscard]] int refusal(const std::vector<NftTable>& tables);
  // Whether the kernel knows tables that have an owner and outlive it.
  [[nodiscard]] bool can_own();
  // Whether nftables can use this extension of iptables. Loads the module that it takes.
  [[nodiscard]] int refusal_of_extension(const std::string& name, std::uint32_t revision, bool target);

 private:
  using Message = std::function<void(const nlmsghdr&)>;
  struct Batch;
  [[nodiscard]] int send(Batch& batch, bool commit);
  // 0, or the error with which the kernel answered.
  int ask(std::uint16_t kind, std::uint16_t flags, NftFamily family, const NftAttributes& attributes,
          const Message& each);
  void look_at(NftFamily family, NftFoundTable& table, bool with_rules);

  NetfilterSocket socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace vpcwall
