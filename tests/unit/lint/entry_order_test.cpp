// Random lists of entries over a few ports and sixteen addresses, against going through all of them one by
// one.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

#include "lint/lint.h"

namespace vpcwall {
namespace {

struct Sample {
  std::optional<Protocol> protocol;  // none: one that no entry names
  std::uint16_t port = 0;
  std::uint32_t host = 0;  // 10.0.0.host
};

// Every entry's ports lie in 20 to 25, so that these ports stand for all of them.
std::vector<Sample> all_samples() {
  std::vector<Sample> samples;
  for (std::uint32_t host = 0; host < 16; ++host) {
    samples.push_back({std::nullopt, 0, host});
    for (const Protocol protocol : {Protocol::tcp, Protocol::udp})
      for (std::uint16_t port = 19; port <= 26; ++port) samples.push_back({protocol, port, host});
  }
  return samples;
}

const IpAddress base = *parse_address("10.0.0.0");

bool matches(const NetworkAclEntry& entry, const Sample& sample) {
  if (!entry.cidr.contains(advance(base, sample.host))) return false;
  const Traffic& traffic = entry.traffic;
  return !traffic.protocol || (traffic.protocol == sample.protocol && traffic.ports.contains(sample.port));
}

// `entries` by ascending number.
const NetworkAclEntry* first_of(const std::vector<NetworkAclEntry>& entries, const Sample& sample,
                                const NetworkAclEntry* left_out = nullptr) {
  for (const NetworkAclEntry& entry : entries)
    if (&entry != left_out && matches(entry, sample)) return &entry;
  return nullptr;
}

bool allows(const NetworkAclEntry* entry) { return entry != nullptr && entry->action == Action::allow; }

NetworkAclEntry random_entry(std::mt19937& random, std::uint16_t number) {
  const auto draw = [&](unsigned smallest, unsigned largest) {
    return std::uniform_int_distribution<unsigned>(smallest, largest)(random);
  };
  NetworkAclEntry entry;
  entry.number = number;
  entry.at = {number, 1};
  entry.action = draw(0, 1) == 0 ? Action::allow : Action::deny;
  entry.cidr = make_prefix(advance(base, draw(0, 15)), static_cast<std::uint8_t>(draw(28, 32)));
  if (const unsigned kind = draw(0, 5); kind != 0) {
    entry.traffic.protocol = kind < 4 ? Protocol::tcp : Protocol::udp;
    const auto first = static_cast<std::uint16_t>(draw(20, 25));
    entry.traffic.ports = {first, static_cast<std::uint16_t>(draw(first, 25))};
  }
  return entry;
}

std::set<std::uint32_t> lines_of(const LintReport& report, std::string_view check) {
  std::set<std::uint32_t> lines;
  for (const Finding& finding : report.findings)
    if (finding.check->id == check) lines.insert(finding.at.line);
  return lines;
}

TEST(EntryOrder, AgreesWithGoingThroughEveryPacket) {
  std::mt19937 random(20261126);
  const auto samples = all_samples();
  const LintOptions options{{find_check("VW001"), find_check("VW002")}, {}};
  std::size_t shadowed_in_all = 0, redundant_in_all = 0;
  for (int round = 0; round < 300; ++round) {
    Policy policy;
    NetworkAcl& acl = policy.network_acls.emplace_back();
    acl.id = "acl-0";
    for (std::uint16_t number = 1; number <= 8; ++number) acl.egress.push_back(random_entry(random, number));
    std::set<std::uint32_t> shadowed, redundant;
    for (const NetworkAclEntry& entry : acl.egress) {
      bool decides = false, matters = false;
      for (const Sample& sample : samples) {
        if (first_of(acl.egress, sample) != &entry) continue;
        decides = true;
        matters = matters || allows(&entry) != allows(first_of(acl.egress, sample, &entry));
      }
      if (!decides) shadowed.insert(entry.number);
      if (decides && !matters) redundant.insert(entry.number);
    }
    std::shuffle(acl.egress.begin(), acl.egress.end(), random);  // N-5: the order of the file means nothing
    const LintReport report = lint(policy, options);
    EXPECT_EQ(lines_of(report, "VW001"), shadowed) << "round " << round;
    EXPECT_EQ(lines_of(report, "VW002"), redundant) << "round " << round;
    shadowed_in_all += shadowed.size();
    redundant_in_all += redundant.size();
  }
  EXPECT_GT(shadowed_in_all, 100U);
  EXPECT_GT(redundant_in_all, 100U);
}

}  // namespace
}  // namespace vpcwall
