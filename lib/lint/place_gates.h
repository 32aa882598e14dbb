// The two gates of one place, its network ACL and its groups, cut so that witnesses can speak for all
// packets.
//
// Refers to the policy behind the place and the index, which must live as long. One thread.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "lint/cells.h"
#include "lint/policy_index.h"

namespace vpcwall {

class PlaceGates {
 public:
  PlaceGates(const Place& place, const PolicyIndex& index);

  // Cells inside which packets in that direction, and their replies, meet the same entries and rules.
  [[nodiscard]] std::vector<Cell> cells(Direction direction, const CompiledTraffic& traffic,
                                        const Prefix& peer) {
    return cuts_.at(static_cast<std::size_t>(direction)).cells(traffic, peer);
  }
  // The same of all that the place's groups allow in that direction; nothing else can pass as a request.
  [[nodiscard]] std::vector<Cell> allowed_cells(Direction direction);
  // One of every range of destination ports from `first` on that the entries and rules of that direction
  // can tell apart.
  [[nodiscard]] std::vector<std::uint16_t> ports(Direction direction, Protocol protocol,
                                                 std::uint16_t first) const;
  // Of the place's interface.
  [[nodiscard]] std::optional<IpAddress> own_address(Family family) const;

 private:
  static constexpr std::size_t most_cells = 500'000;

  [[nodiscard]] std::vector<const SecurityGroupRule*> rules(Direction direction) const;
  [[nodiscard]] std::vector<Prefix> named_peers() const;

  const Place& place_;
  const PolicyIndex& index_;
  std::array<Cuts, 2> cuts_;                              // by Direction
  std::array<std::vector<CompiledTraffic>, 2> traffics_;  // of entries and rules, by Direction
};

}  // namespace vpcwall
