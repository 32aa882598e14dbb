// The index against the definition: ask every rule in turn, the first that fits is the answer.
#include "policy/rule_index.h"

#include <gtest/gtest.h>

#include <random>

#include "support/policies.h"

namespace vpcwall {
namespace {

std::uint32_t naive_first_match(const std::vector<IndexedRule>& rules, TrafficKind kind,
                                const IpAddress& peer) {
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    const IndexedRule& rule = rules[i];
    const bool of_peer = rule.set != nullptr ? rule.set->contains(peer) : rule.prefix.contains(peer);
    if (of_peer && rule.traffic.matches(kind)) return i;
  }
  return RuleIndex::none;
}

// Few enough addresses and ports that rules overlap, and packets meet their edges.
class RandomRules {
 public:
  explicit RandomRules(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  IpAddress address(Family family) {
    IpAddress one{0, 0, family};
    one.high = below(4) << 62U | below(3) << 40U | below(3) << 32U;
    if (family == Family::ipv6) one.low = below(4);
    return one;
  }
  Prefix prefix(Family family) {
    const std::uint8_t lengths[] = {0, 1, 2, 24, 31, 32, 64, 127, 128};
    return make_prefix(address(family), lengths[below(family == Family::ipv4 ? 6 : 9)]);
  }
  CompiledTraffic traffic() {
    CompiledTraffic one;
    const Protocol protocols[] = {Protocol::tcp, Protocol::udp, Protocol::icmp, Protocol::icmpv6,
                                  Protocol{47}};
    one.any_protocol = below(6) == 0;
    one.protocol = protocols[below(5)];
    if (has_ports(one.protocol) && below(3) != 0) {
      one.ports.first = static_cast<std::uint16_t>(below(6));
      one.ports.last = static_cast<std::uint16_t>(one.ports.first + below(4));
    }
    if (is_icmp(one.protocol)) {
      one.icmp_type = static_cast<std::int16_t>(below(4)) - 1;
      one.icmp_code = one.icmp_type < 0 ? std::int16_t{-1} : static_cast<std::int16_t>(below(3)) - 1;
    }
    return one;
  }
  std::shared_ptr<const AddressSet> set(Family family, std::size_t size) {
    std::vector<Prefix> prefixes;
    for (std::size_t i = 0; i < size; ++i) prefixes.push_back(prefix(family));
    AddressSet all(prefixes);
    if (below(4) == 0) all = all.without(std::make_shared<const AddressSet>(std::vector{prefix(family)}));
    return std::make_shared<const AddressSet>(std::move(all));
  }
  Packet packet() {
    Packet one;
    const Protocol protocols[] = {Protocol::tcp,    Protocol::udp, Protocol::icmp,
                                  Protocol::icmpv6, Protocol{47},  Protocol{50}};
    one.protocol = protocols[below(6)];
    const Transport transports[] = {Transport::whole, Transport::whole, Transport::cut, Transport::lost,
                                    Transport::none};
    one.transport = transports[below(5)];
    one.destination_port = static_cast<std::uint16_t>(below(10));
    one.icmp_type = static_cast<std::uint8_t>(below(4));
    one.icmp_code = static_cast<std::uint8_t>(below(3));
    return one;
  }

 private:
  std::mt19937_64 random_;
};

TEST(RuleIndex, NamesTheRuleThatATestOfEachWouldName) {  // N-5, S-5
  std::size_t matched = 0, missed = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomRules random(seed);
    const Family family = seed % 2 == 0 ? Family::ipv4 : Family::ipv6;
    std::vector<IndexedRule> rules(random.below(40));
    for (IndexedRule& rule : rules) {
      rule.traffic = random.traffic();
      if (random.below(4) != 0)
        rule.prefix = random.prefix(family);
      else
        rule.set = random.set(family, random.below(120));
    }
    const RuleIndex index(family, rules);
    for (int i = 0; i < 300; ++i) {
      const TrafficKind kind = kind_of(random.packet());
      const IpAddress peer = random.address(family);
      const std::uint32_t expected = naive_first_match(rules, kind, peer);
      ASSERT_EQ(index.first_match(kind, peer), expected)
          << "seed " << seed << " kind " << kind << ' ' << to_string(peer);
      ++(expected == RuleIndex::none ? missed : matched);
    }
  }
  EXPECT_GT(matched, 10'000U);
  EXPECT_GT(missed, 10'000U);
}

TEST(RuleIndex, OfNothingMatchesNothing) {
  EXPECT_EQ(RuleIndex().first_match(0, test::ip("10.0.0.1")), RuleIndex::none);
  EXPECT_EQ(RuleIndex(Family::ipv4, {}).first_match(0, test::ip("10.0.0.1")), RuleIndex::none);
}

TEST(RuleIndex, LeavesOutTheOtherFamily) {  // S-39, N-8
  IndexedRule open;
  open.traffic.any_protocol = true;
  open.prefix = make_prefix(test::ip("::"), 0);
  EXPECT_EQ(RuleIndex(Family::ipv4, {&open, 1}).first_match(0, test::ip("10.0.0.1")), RuleIndex::none);
  EXPECT_EQ(RuleIndex(Family::ipv6, {&open, 1}).first_match(0, test::ip("2001:db8::1")), 0U);
}

TEST(AddressSet, OfAnySizeHoldsWhatItsPrefixesHold) {
  for (const std::size_t size : {std::size_t{3}, std::size_t{300}, std::size_t{20'000}}) {
    std::mt19937_64 random(size);
    std::vector<Prefix> prefixes;
    for (std::size_t i = 0; i < size; ++i) {
      const bool ipv4 = random() % 2 == 0;
      const IpAddress base =
          ipv4 ? IpAddress{random() & 0xffffffff00000000U, 0, Family::ipv4}
               : IpAddress{0x2001'0db8'0000'0000U | (random() & 0xffffU), random(), Family::ipv6};
      prefixes.push_back(
          make_prefix(base, static_cast<std::uint8_t>(ipv4 ? 8 + random() % 25 : 32 + random() % 97)));
    }
    const AddressSet set(prefixes);
    std::size_t held = 0, asked = 0;
    const auto ask = [&](const IpAddress& address) {
      const bool expected = std::any_of(prefixes.begin(), prefixes.end(),
                                        [&](const Prefix& prefix) { return prefix.contains(address); });
      ASSERT_EQ(set.contains(address), expected) << to_string(address);
      held += expected ? 1U : 0U;
      ++asked;
    };
    for (int i = 0; i < 100; ++i) {
      const Prefix& prefix = prefixes[random() % prefixes.size()];
      ask(prefix.base);
      ask(prefix.last());
      ask(advance(prefix.last(), 1));
      ask({random() & 0xffffffff00000000U, 0, Family::ipv4});
      ask({random(), random(), Family::ipv6});
    }
    EXPECT_GT(held, 0U);
    EXPECT_LT(held, asked);
  }
}

}  // namespace
}  // namespace vpcwall
