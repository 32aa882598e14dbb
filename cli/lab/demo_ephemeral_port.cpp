#include "cli/lab/demo_ephemeral_port.h"

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace vpcwall {
namespace {

constexpr std::chrono::seconds alive_limit{5};  // for what must pass: never waited out unless it fails
constexpr std::chrono::seconds hang_limit{2};   // for what must not pass: always waited out
constexpr int curl_timed_out = 28;
constexpr int explained_as_blocked = 1;

constexpr std::uint16_t https = 443;
constexpr std::uint16_t narrow_port = 8022;  // from one network
constexpr std::uint16_t open_port = 8023;    // from anyone

// Lines of the policy file, as the story finds and writes them.
constexpr std::string_view web_rule =
    "      - {protocol: tcp, ports: 443, source: 0.0.0.0/0, description: web from anyone}\n";
constexpr std::string_view narrow_rule =
    "      - {protocol: tcp, ports: 8022, source: 203.0.113.0/24, description: lines from one network}\n";
constexpr std::string_view anyone_rule =
    "      - {protocol: tcp, ports: 8022, source: 0.0.0.0/0, description: lines from anyone}\n";
constexpr std::string_view open_port_rule =
    "      - {protocol: tcp, ports: 8023, source: 0.0.0.0/0, description: more lines from anyone}\n";
constexpr std::string_view request_entry =
    "      - {rule: 100, action: allow, protocol: tcp, ports: 443, cidr: 0.0.0.0/0}\n";
constexpr std::string_view lines_entry =
    "      - {rule: 110, action: allow, protocol: tcp, ports: 8022-8023, cidr: 0.0.0.0/0}\n";
constexpr std::string_view reply_entry =
    "      - {rule: 100, action: allow, protocol: tcp, ports: 1024-65535, cidr: 0.0.0.0/0}\n";
constexpr std::string_view deny_entry =
    "      - {rule: 90, action: deny, protocol: all, cidr: 203.0.113.12/32}\n";
constexpr std::string_view all_out_rule = "      - {protocol: all, destination: 0.0.0.0/0}\n";
constexpr std::string_view nothing_out = "    egress: []\n";
constexpr std::string_view something_out = "    egress:\n";

using Lines = std::initializer_list<std::string_view>;

PolicyEdit replace(Lines before, Lines after) {
  PolicyEdit edit;
  for (const std::string_view line : before) edit.before += line;
  for (const std::string_view line : after) edit.after += line;
  return edit;
}

// As typed; the last word is what is fetched.
FinishedProgram fetch_page(DemoStage& stage) {
  return stage.run(std::string{internet_name}, {"curl", "--silent", "--show-error", "--noproxy", "*",
                                                "--max-time", "3", "http://10.0.1.10:443/"});
}

// A line over an open connection, told and checked.
void expect_echo(DemoStage& stage, EchoConnection& connection, std::string_view which, bool should_live,
                 std::string_view statement) {
  stage.narrator().traffic("another line over " + std::string{which});
  const bool lives = should_live ? connection.echoes("are you there?", alive_limit)
                                 : connection.echoes("are you there?", hang_limit);
  stage.narrator().outcome(lives ? "PASS: the line came back" : "HANG: nothing came back",
                           lives == should_live);
  stage.narrator().check(lives == should_live, statement);
}

void expect_no_connection(DemoStage& stage, std::uint16_t port, std::string_view statement) {
  stage.narrator().traffic("a new connection from 203.0.113.12 to 10.0.1.10 port " + std::to_string(port));
  const bool connected = stage.connect(port, hang_limit).has_value();
  stage.narrator().outcome(connected ? "PASS: connected" : "HANG: no answer to the SYN", !connected);
  stage.narrator().check(!connected, statement);
}

std::optional<EchoConnection> expect_connection(DemoStage& stage, std::uint16_t port) {
  const std::string where = "10.0.1.10 port " + std::to_string(port);
  stage.narrator().traffic("a connection from 203.0.113.12 to " + where + ", and a line over it");
  auto connection = stage.connect(port, alive_limit);
  const bool lives = connection && connection->echoes("hello", alive_limit);
  stage.narrator().outcome(lives ? "PASS: connected, and the line came back" : "HANG: nothing came back",
                           lives);
  if (!lives) stage.narrator().check(false, "a connection to " + where + " opens and carries a line");
  return lives ? std::move(connection) : std::nullopt;
}

void set_the_stage(DemoStage& stage) {
  Narrator& narrator = stage.narrator();
  narrator.tells(
      "One server, web, 10.0.1.10, in a public subnet, and a client in the internet, 203.0.113.12. Each is a "
      "network "
      "namespace; between them stands a router, on which vpcwalld judges every packet.");
  narrator.command("vpcwall lab up " + stage.record().policy + " --name " + stage.record().plan.name);
  stage.start_web_server("web", https);
  stage.start_echo_server("web", {narrow_port, open_port});
  narrator.tells(
      "A web server listens on port 443, and a server that sends every line back on 8022 and 8023. The "
      "security group "
      "lets port 443 in from anyone and nothing out. The network ACL of the subnet lets port 443 in and "
      "nothing out.");
  narrator.check(true, "the lab is up and the servers listen");
}

void reply_hangs(DemoStage& stage) {
  Narrator& narrator = stage.narrator();
  narrator.expects(
      "the request passes both gates, the security group remembers it and lets the reply out; the network "
      "ACL "
      "remembers nothing, has no entry for the reply, and drops it: curl hangs.");
  stage.look();
  const FinishedProgram result = fetch_page(stage);
  const bool hung = result.exit_status == curl_timed_out;
  narrator.outcome(hung ? "HANG: curl gave up after 3 seconds" : "not a timeout", hung);
  const DemoCounters counters =
      stage.moved_since_look([](const DemoCounters& c) { return gate_packets(c, "acl-egress", "deny") > 0; });
  narrator.counters(counters);
  narrator.check(hung, "curl times out (exit status 28)");
  narrator.check(acl_packets(counters, "ingress", "100") > 0,
                 "request: the network ACL lets it in by rule 100");
  narrator.check(gate_packets(counters, "sg-ingress", "new") > 0,
                 "request: the security group lets it in and remembers it");
  narrator.check(gate_packets(counters, "sg-egress", "tracked") > 0,
                 "reply: the security group lets it out because it remembers");
  narrator.check(acl_packets(counters, "egress", "*") > 0,
                 "reply: the network ACL drops it at egress rule *");

  narrator.tells("The same, asked of the policy file without sending a packet:");
  const FinishedProgram explained = stage.explain("203.0.113.12:40000", "web:443");
  narrator.check(explained.exit_status == explained_as_blocked &&
                     explained.output.find("acl-egress") != std::string::npos,
                 "explain stops at the same gate (exit status 1: blocked)");
}

void reply_arrives(DemoStage& stage) {
  Narrator& narrator = stage.narrator();
  narrator.tells(
      "The reply goes to the port that the client's kernel picked for this connection, its ephemeral port. "
      "Nobody "
      "knows it beforehand, so the entry that lets replies out has to name the whole range, 1024-65535.");
  if (!stage.change_policy(
          {replace({request_entry, nothing_out}, {request_entry, something_out, reply_entry})}))
    return;
  narrator.expects("the same curl gets its page.");
  stage.look();
  const FinishedProgram result = fetch_page(stage);
  const bool fetched = result.exit_status == 0 && result.output.find("Hello from web") != std::string::npos;
  narrator.outcome(fetched ? "PASS: the page is here" : "no page", fetched);
  const DemoCounters counters =
      stage.moved_since_look([](const DemoCounters& c) { return acl_packets(c, "egress", "100") > 0; });
  narrator.counters(counters);
  narrator.check(fetched, "curl gets the page (exit status 0)");
  narrator.check(acl_packets(counters, "egress", "100") > 0,
                 "reply: the network ACL lets it out by rule 100");
}

void tracked_connection_lives(DemoStage& stage) {
  Narrator& narrator = stage.narrator();
  narrator.tells(
      "What happens to a connection that is open while its rule is removed? First, a rule for one network, "
      "203.0.113.0/24. A connection that it lets in is tracked.");
  if (!stage.change_policy({replace({web_rule}, {web_rule, narrow_rule}),
                            replace({request_entry}, {request_entry, lines_entry})}))
    return;
  stage.look();
  auto connection = expect_connection(stage, narrow_port);
  if (!connection) return;
  DemoCounters counters = stage.moved_since_look(
      [](const DemoCounters& c) { return gate_packets(c, "sg-ingress", "tracked") > 0; });
  narrator.counters(counters);
  narrator.check(gate_packets(counters, "sg-ingress", "new") > 0, "the connection is tracked");

  narrator.tells("Now the rule goes, under the open connection.");
  if (!stage.change_policy({replace({narrow_rule}, {})})) return;
  narrator.expects("the open connection lives on, because the security group remembers it; a new one hangs.");
  stage.look();
  expect_echo(stage, *connection, "the open connection", true, "the open connection lives");
  expect_no_connection(stage, narrow_port, "a new connection is refused");
  counters =
      stage.moved_since_look([](const DemoCounters& c) { return gate_packets(c, "sg-ingress", "deny") > 0; });
  narrator.counters(counters);
  narrator.check(gate_packets(counters, "sg-ingress", "deny") > 0,
                 "the security group dropped the new one's SYN");
}

void untracked_connection_dies(DemoStage& stage) {
  Narrator& narrator = stage.narrator();
  narrator.tells(
      "The same port, but the rule says anyone, 0.0.0.0/0, and the group lets everything out. Then rules "
      "alone let "
      "both directions pass, there is nothing to remember, and the connection is not tracked.");
  if (!stage.change_policy({replace({web_rule}, {web_rule, anyone_rule}),
                            replace({nothing_out}, {something_out, all_out_rule})}))
    return;
  stage.look();
  auto connection = expect_connection(stage, narrow_port);
  if (!connection) return;
  DemoCounters counters = stage.moved_since_look(
      [](const DemoCounters& c) { return gate_packets(c, "sg-ingress", "untracked") > 0; });
  narrator.counters(counters);
  narrator.check(gate_packets(counters, "sg-ingress", "untracked") > 0 &&
                     gate_packets(counters, "sg-ingress", "new") == 0,
                 "the connection is not tracked");

  narrator.tells("Again the rule goes, under the open connection.");
  if (!stage.change_policy({replace({anyone_rule}, {})})) return;
  narrator.expects(
      "the open connection dies at once, because nothing remembers it; a new one hangs as well.");
  stage.look();
  expect_echo(stage, *connection, "the open connection", false, "the open connection is cut");
  expect_no_connection(stage, narrow_port, "a new connection is refused");
  counters =
      stage.moved_since_look([](const DemoCounters& c) { return gate_packets(c, "sg-ingress", "deny") > 0; });
  narrator.counters(counters);
  narrator.check(gate_packets(counters, "sg-ingress", "deny") > 0, "the security group dropped both");
}

void acl_cuts_everything(DemoStage& stage) {
  Narrator& narrator = stage.narrator();
  narrator.tells("One connection of each kind: tracked on port 8022, not tracked on 8023.");
  if (!stage.change_policy({replace({web_rule}, {web_rule, narrow_rule, open_port_rule})})) return;
  stage.look();
  auto tracked = expect_connection(stage, narrow_port);
  auto untracked = expect_connection(stage, open_port);
  if (!tracked || !untracked) return;
  DemoCounters counters = stage.moved_since_look([](const DemoCounters& c) {
    return gate_packets(c, "sg-ingress", "new") > 0 && gate_packets(c, "sg-ingress", "untracked") > 0;
  });
  narrator.counters(counters);
  narrator.check(gate_packets(counters, "sg-ingress", "new") > 0, "one is tracked");
  narrator.check(gate_packets(counters, "sg-ingress", "untracked") > 0, "one is not");

  narrator.tells("Now the network ACL denies this one client, in front of everything else it says.");
  if (!stage.change_policy({replace({request_entry}, {deny_entry, request_entry})})) return;
  narrator.expects(
      "both connections are cut at once: the network ACL is asked for every packet, tracked or not.");
  stage.look();
  expect_echo(stage, *tracked, "the tracked connection", false, "the tracked connection is cut");
  expect_echo(stage, *untracked, "the untracked connection", false, "the untracked connection is cut");
  counters =
      stage.moved_since_look([](const DemoCounters& c) { return acl_packets(c, "ingress", "90") > 0; });
  narrator.counters(counters);
  narrator.check(acl_packets(counters, "ingress", "90") > 0,
                 "the network ACL dropped them at ingress rule 90");
}

constexpr std::array steps = {
    DemoStep{"the stage", set_the_stage},
    DemoStep{"the request gets in, the reply does not get out", reply_hangs},
    DemoStep{"an entry for the ephemeral ports", reply_arrives},
    DemoStep{"a tracked connection outlives its rule", tracked_connection_lives},
    DemoStep{"an untracked connection does not", untracked_connection_dies},
    DemoStep{"a network ACL cuts either at once", acl_cuts_everything},
};

}  // namespace

std::span<const DemoStep> ephemeral_port_steps() noexcept { return steps; }

}  // namespace vpcwall
