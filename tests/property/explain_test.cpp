// Random requests under random policies: what explain offers as a fix is applied, and the request and its
// reply are sent through a firewall that knows nothing of explanations.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "explain/explanation.h"
#include "policy/compile.h"
#include "property/generator.h"
#include "property/run.h"
#include "replay/simulation.h"

namespace vpcwall::property {
namespace {

std::uint64_t wanted_flows() {
  const char* text = std::getenv("VPCWALL_EXPLAIN_FLOWS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : VPCWALL_EXPLAIN_FLOWS;
}

// A packet as the first of a conversation, from a client that draws its port or from one port.
Inquiry inquiry_for(const Send& send, const CompiledPolicy& policy, std::mt19937_64& random) {
  Inquiry inquiry = inquiry_about(send.packet);
  inquiry.request.quoted.reset();
  if (inquiry.request.protocol == Protocol::tcp) inquiry.request.tcp_flags = TcpFlags::from_byte(0x02);
  // As people ask: by addresses. Now and then of a packet that a router carries.
  for (const PathSide& side : random() % 16 == 0 ? send.path : std::vector<PathSide>{})
    (side.direction == Direction::egress ? inquiry.leaves : inquiry.enters) =
        policy.interface_named(side.interface);
  constexpr std::array clients{"linux", "windows", "nat", "custom:60-70"};
  if (const auto choice = random() % 8; choice < clients.size() && has_ports(inquiry.request.protocol)) {
    inquiry.client = *parse_client(clients.at(choice));
    inquiry.source_ports = inquiry.client.ports;
    inquiry.request.source_port = inquiry.source_ports.first;
    inquiry.exact_port = false;
  }
  return inquiry;
}

// Request and reply through a firewall of their own, for this source port.
bool gets_through(const Policy& policy, const Inquiry& inquiry, std::uint16_t source_port) {
  Simulation simulation(policy, 64);
  Packet request = inquiry.request;
  request.source_port = source_port;
  const Journey there = inquiry.journey(simulation.policy());
  if (simulation.packet(request, there, Duration::zero()).verdict == Verdict::drop) return false;
  if (!is_answered(request)) return true;
  const Journey back = way_back(there);
  return simulation.packet(reply_to(request), back, Duration::zero()).verdict == Verdict::accept;
}

std::vector<std::uint16_t> ports_to_try(const Inquiry& inquiry, std::mt19937_64& random) {
  const auto [first, last] = inquiry.source_ports;
  if (first == last) return {first};
  return {first, last, static_cast<std::uint16_t>(first + random() % (last - first + 1U))};
}

struct Count {
  std::uint64_t asked = 0, blocked = 0, one = 0, several = 0, none = 0;
  std::map<std::string, std::uint64_t> why_not, mistakes;
};

// Whether the verdict is the firewall's, for every port that is tried.
void check_verdict(const Explanation& told, const Policy& policy, std::mt19937_64& random) {
  bool all = true;
  for (const std::uint16_t port : ports_to_try(told.inquiry, random)) {
    const bool passes = gets_through(policy, told.inquiry, port);
    all = all && passes;
    const auto outcomes = told.coverage.outcomes();
    const auto said = std::find_if(outcomes.begin(), outcomes.end(),
                                   [&](const PortOutcome& one) { return one.ports.contains(port); });
    ASSERT_NE(said, outcomes.end());
    ASSERT_EQ(said->passes, passes) << describe(told.inquiry.request) << " from port " << port;
  }
  if (told.passes()) {
    ASSERT_TRUE(all);
  }
}

void check_fix(const Explanation& told, const Policy& policy, std::mt19937_64& random, Count& count) {
  ASSERT_TRUE(told.fix);
  const Fix& fix = *told.fix;
  if (!fix.policy) {
    ASSERT_FALSE(fix.why_not.empty());
    ASSERT_TRUE(fix.edits.empty());
    ++count.none;
    ++count.why_not[std::string(to_string(told.story.refused()->decision.reason)) + ": " +
                    fix.why_not.substr(0, 110)];
    return;
  }
  const auto edited = apply_edits(policy, fix.edits);
  ASSERT_TRUE(edited) << edited.error().message;
  for (const std::uint16_t port : ports_to_try(told.inquiry, random))
    ASSERT_TRUE(gets_through(*edited, told.inquiry, port))
        << describe(told.inquiry.request) << " from port " << port;
  ++(fix.edits.size() == 1 ? count.one : count.several);
}

// The document says what the explanation says.
void check_document(const nlohmann::ordered_json& json, const Explanation& told) {
  ASSERT_EQ(json.at("verdict"), told.passes() ? "pass" : "blocked");
  ASSERT_EQ(json.at("codes").empty(),
            told.passes() || told.story.refused()->decision.reason == Reason::flow_table_full);
  const std::string sentence = told.fix ? json.at("fix").at("sentence").get<std::string>() : "";
  if (!told.fix) return;
  ASSERT_EQ(sentence.find("One rule is not enough") == 0, told.fix->edits.size() > 1);
  ASSERT_EQ(sentence.find("No rule helps") == 0, !told.fix->policy);
}

void try_packet(const Policy& policy, const Send& send, std::mt19937_64& random, Count& count) {
  CompileContext context;
  const auto compiled = compile(policy, context, 1);
  const JudgedPolicy judged{policy, *compiled, context.slots, "policy.yaml"};
  const Explanation told = explain(judged, inquiry_for(send, *compiled, random));
  if (told.story.request.decision.gate_size == 0) return;  // nobody's packet proves nothing
  ++count.asked;
  check_verdict(told, policy, random);
  check_document(to_json(told, judged), told);
  for (const Mistake& mistake : told.mistakes) ++count.mistakes[std::string(to_string(mistake.kind))];
  if (told.passes()) return;
  ++count.blocked;
  check_fix(told, policy, random, count);
}

TEST(Explain, OffersFixesThatWork) {
  std::mt19937_64 random(7);
  Count count;
  while (count.blocked < wanted_flows() && !testing::Test::HasFatalFailure()) {
    const property::Run run = run_of(random_run(random, 10));
    const Policy* policy = &run.policy;
    for (const Step& step : run.steps) {
      if (const auto* reload = std::get_if<Reload>(&step.what)) policy = &reload->policy;
      if (const auto* send = std::get_if<Send>(&step.what)) try_packet(*policy, *send, random, count);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  std::cout << count.asked << " asked, " << count.blocked << " blocked: one change is enough for "
            << count.one << ", several for " << count.several << ", no rule helps " << count.none << '\n';
  for (const auto& [why, times] : count.why_not) std::cout << "  " << times << "  " << why << '\n';
  for (const auto& [kind, times] : count.mistakes) std::cout << "  " << times << "  " << kind << '\n';
  EXPECT_GE(count.one + count.several, count.blocked * 99 / 100);
  EXPECT_GT(count.one, count.blocked / 20);
  EXPECT_GT(count.several, count.blocked / 20);
}

}  // namespace
}  // namespace vpcwall::property
