#include "scenario/step_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "policy/policy_reader.h"
#include "policy/validate.h"
#include "policy/yaml_reader.h"
#include "scenario/edit_reader.h"
#include "scenario/gate_text.h"
#include "scenario/packet_text.h"
#include "scenario/policy_overlay.h"

namespace vpcwall {
namespace {

constexpr double longest_wait = 1e9;              // thirty years; keeps nanoseconds inside 64 bits
constexpr std::uint32_t largest_payload = 65515;  // of an IPv4 datagram

std::uint32_t header_length(Family family) noexcept { return family == Family::ipv4 ? 20 : 40; }

class StepReader {
 public:
  StepReader(const Policy& policy, const StepContext& context)
      : policy_(policy), context_(context), reporter_(context.reporter) {}

  void read(const YamlNode& node) {
    const MappingReader step(
        node, "a step",
        {"packet", "arriving", "leaving", "from", "fragments", "datagram", "expect", "verdict", "reason",
         "wait", "change", "policy", "refused", "state", "flow_log", "audit"},
        reporter_);
    if (!step.is_mapping()) return;
    std::size_t kinds = 0;
    for (const std::string_view kind : {"packet", "wait", "change", "policy", "state", "flow_log", "audit"})
      kinds += step.find(kind) != nullptr ? 1 : 0;
    if (kinds != 1) {
      reporter_.error(
          node.at,
          "expected exactly one of the keys packet, wait, change, policy, state, flow_log and audit in "
          "a step");
      return;
    }
    step_ = ScenarioStep{{}, node.at, Wait{}};
    if (step.find("packet") != nullptr) {
      allow(step, {"packet", "arriving", "leaving", "from", "fragments", "datagram", "expect", "verdict",
                   "reason"});
      read_packet(step);
    } else if (const YamlNode* wait = step.find("wait")) {
      allow(step, {"wait"});
      read_wait(*wait);
    } else if (const YamlNode* state = step.find("state")) {
      allow(step, {"state"});
      read_state(*state);
    } else if (const YamlNode* log = step.find("flow_log")) {
      allow(step, {"flow_log"});
      read_flow_log(*log);
    } else if (const YamlNode* rule = step.find("audit")) {
      allow(step, {"audit"});
      read_audit(*rule);
    } else {
      allow(step, {"change", "policy", "refused"});
      read_change(step);
    }
    ++number_;
    steps_.push_back(std::move(step_));
  }

  std::vector<ScenarioStep> take() { return std::move(steps_); }

 private:
  void allow(const MappingReader& step, std::initializer_list<std::string_view> keys) {
    for (const std::string_view key :
         {"arriving", "leaving", "from", "fragments", "datagram", "expect", "verdict", "reason", "refused"})
      if (step.find(key) != nullptr && std::find(keys.begin(), keys.end(), key) == keys.end())
        reporter_.error(step.key_position(key), "found the key " + vpcwall::quoted(key) +
                                                    " in a step of another kind, expected none");
  }

  void mistake(const YamlNode& node, const JsonMistake& wrong) { reporter_.error(node.at, wrong.message); }

  void read_packet(const MappingReader& step) {
    const YamlNode& node = *step.find("packet");
    PacketCheck check;
    check.datagram = number_;
    if (const auto text = read_text(node, "a packet", reporter_)) {
      step_.text = *text;
      const auto packet = read_packet_text(
          *text,
          [this](std::string_view name, std::optional<Family> family) { return address_of(name, family); });
      if (packet) {
        check.injected.packet = *packet;
      } else {
        mistake(node, packet.error());
      }
    }
    side(step, "leaving", Direction::egress, check);
    side(step, "arriving", Direction::ingress, check);
    if (const YamlNode* from = step.find("from"))
      if (const auto word = read_word(*from, "where it comes from", {"services", "uplink"}, reporter_))
        check.injected.from = *word == 0 ? Origin::services : Origin::uplink;
    if (const YamlNode* fragments = step.find("fragments")) read_fragments(*fragments, check);
    if (const YamlNode* datagram = step.find("datagram"))
      check.datagram = read_number(*datagram, "a datagram", 0, 65535, reporter_).value_or(0);
    if (const YamlNode* expect = step.require("expect"))
      for (const YamlNode* item : read_list(*expect, "expect", reporter_))
        if (const auto text = read_text(*item, "a gate", reporter_)) {
          const auto gate = read_gate_text(*text);
          if (gate) {
            check.gates.push_back(*gate);
          } else {
            mistake(*item, gate.error());
          }
        }
    if (const YamlNode* verdict = step.require("verdict"))
      if (const auto word = read_word(*verdict, "a verdict", {"accept", "drop", "held"}, reporter_))
        check.fate = static_cast<Fate>(*word);
    if (const YamlNode* reason = step.find("reason")) read_reason(*reason, check);
    step_.what = std::move(check);
  }

  void side(const MappingReader& step, std::string_view key, Direction direction, PacketCheck& check) {
    const YamlNode* node = step.find(key);
    if (node == nullptr) return;
    const auto name = read_text(*node, "the name of an interface", reporter_);
    if (!name) return;
    if (find_interface(*name) == nullptr)
      reporter_.error(
          node->at, "found " + vpcwall::quoted(*name) + ", expected the name of an interface of the policy");
    check.injected.path.push_back({direction, *name});
  }

  void read_fragments(const YamlNode& node, PacketCheck& check) {
    for (const YamlNode* item : read_list(node, "fragments", reporter_)) {
      const auto range = item->kind == YamlNode::Kind::scalar ? parse_port_range(item->text) : std::nullopt;
      if (!range || range->first == range->last || range->last > largest_payload || range->first % 8 != 0) {
        reporter_.error(item->at,
                        "found " + describe(*item) +
                            ", expected a range of payload bytes like 0-1480, beginning at a multiple of 8");
        continue;
      }
      check.fragments.push_back({range->first, range->last});
      check.datagram_length = std::max(check.datagram_length, std::uint32_t{range->last});
    }
    if (check.fragments.empty()) return;
    Packet& packet = check.injected.packet;
    const std::uint32_t header = header_length(packet.family());
    // A length that is not written is no statement about the datagram.
    const bool written = step_.text.find(" length ") != std::string::npos;
    if (written && packet.length > header + check.datagram_length)
      check.datagram_length = packet.length - header;
    packet.length = header + check.datagram_length;
    for (const FragmentRange& fragment : check.fragments)
      if (fragment.last != check.datagram_length && fragment.last % 8 != 0)
        reporter_.error(node.at, "found a fragment that ends at byte " + std::to_string(fragment.last) +
                                     ", expected a multiple of 8 or the end of the datagram at " +
                                     std::to_string(check.datagram_length));
  }

  void read_reason(const YamlNode& node, PacketCheck& check) {
    const auto text = read_text(node, "a reason", reporter_);
    if (!text) return;
    for (std::size_t i = 0; i < reason_count && !check.reason; ++i)
      if (to_string(static_cast<Reason>(i)) == *text) check.reason = static_cast<Reason>(i);
    if (!check.reason)
      reporter_.error(node.at, "found " + vpcwall::quoted(*text) +
                                   ", expected a reason as decisions have them, like " +
                                   std::string(to_string(Reason::no_group_rule)));
  }

  void read_wait(const YamlNode& node) {
    double seconds = -1;
    if (node.kind == YamlNode::Kind::scalar && !node.quoted) {
      const char* end = node.text.data() + node.text.size();
      const auto [stop, error] = std::from_chars(node.text.data(), end, seconds, std::chars_format::fixed);
      if (error != std::errc{} || stop != end) seconds = -1;
    }
    if (!(seconds >= 0) || seconds > longest_wait) {
      reporter_.error(node.at, "found " + describe(node) + ", expected seconds to wait, like 30 or 0.5");
      return;
    }
    step_.text = "wait " + node.text + " s";
    step_.what = Wait{Duration(std::llround(seconds * 1e9))};
  }

  void read_state(const YamlNode& node) {
    const MappingReader map(node, "state", {"flows", "conntrack_allowance_exceeded"}, reporter_);
    StateCheck check;
    if (const YamlNode* flows = map.find("flows"))
      check.flows = read_number(*flows, "flows", 0, 4294967295U, reporter_);
    if (const YamlNode* refused = map.find("conntrack_allowance_exceeded"))
      check.conntrack_allowance_exceeded =
          read_number(*refused, "conntrack_allowance_exceeded", 0, 4294967295U, reporter_);
    step_.text = "state";
    step_.what = check;
  }

  void read_flow_log(const YamlNode& node) {
    const MappingReader map(node, "flow_log", {"format", "action", "records"}, reporter_);
    FlowLogCheck check;
    check.format = default_record_format;
    if (const YamlNode* format = map.find("format")) {
      check.format = read_text(*format, "a format", reporter_).value_or("");
      if (const auto line = record_text({}, check.format); !line) reporter_.error(format->at, line.error());
    }
    if (const YamlNode* action = map.find("action"))
      if (const auto word = read_word(*action, "an action", {"ACCEPT", "REJECT", "ALL"}, reporter_);
          word && *word < 2)
        check.action = static_cast<RecordAction>(*word);
    if (const YamlNode* records = map.require("records"))
      for (const YamlNode* item : read_list(*records, "records", reporter_))
        if (const auto line = read_text(*item, "a record", reporter_)) check.records.push_back(*line);
    step_.text = "flow_log";
    step_.what = std::move(check);
  }

  void read_audit(const YamlNode& node) {
    const MappingReader map(node, "audit", {"rule", "group", "network_acl", "authorized_tcp_ports", "expect"},
                            reporter_);
    AuditCheck check;
    if (const YamlNode* rule = map.require("rule"))
      check.rule = read_text(*rule, "the identifier of an audit rule", reporter_).value_or("");
    const YamlNode* group = map.find("group");
    const YamlNode* acl = map.find("network_acl");
    if ((group == nullptr) == (acl == nullptr))
      reporter_.error(node.at, "expected either the key group or the key network_acl in an audit");
    if (group != nullptr) check.object = id_of(policy_.security_groups, *group, "a security group");
    if (acl != nullptr) check.object = id_of(policy_.network_acls, *acl, "a network ACL");
    if (const YamlNode* ports = map.find("authorized_tcp_ports"))
      for (const YamlNode* item : read_list(*ports, "authorized_tcp_ports", reporter_))
        if (const auto port = read_number(*item, "a port", 0, 65535, reporter_))
          check.options.authorized_tcp_ports.push_back(static_cast<std::uint16_t>(*port));
    if (const YamlNode* expect = map.require("expect"))
      if (const auto word =
              read_word(*expect, "a result", {"COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"}, reporter_))
        check.expected = static_cast<Compliance>(*word);
    step_.text = "audit " + check.rule;
    step_.what = std::move(check);
  }

  template <class Object>
  std::string id_of(const std::vector<Object>& all, const YamlNode& node, const std::string& what) {
    const auto name = read_text(node, "the name of " + what, reporter_);
    if (!name) return {};
    for (const Object& one : all)
      if (one.name == *name || one.id == *name) return one.id;
    reporter_.error(node.at, "found " + vpcwall::quoted(*name) + ", expected the name of " + what);
    return {};
  }

  void read_change(const MappingReader& step) {
    Change change;
    if (const YamlNode* code = step.find("refused"))
      change.refused = read_text(*code, "an AWS error code", reporter_);
    if (const YamlNode* node = step.find("change")) {
      step_.text = "change";
      for (const YamlNode* item :
           node->kind == YamlNode::Kind::sequence ? node->children : std::vector<const YamlNode*>{node})
        if (item->kind == YamlNode::Kind::mapping && !item->children.empty())
          step_.text += ' ' + item->children.front()->text;
      Reporter edits_reporter(context_.file_name);
      const std::vector<Edit> edits = read_edits(*node, policy_, edits_reporter);
      change.diagnostics = errors_of(edits_reporter);
      if (change.diagnostics.empty()) {
        auto edited = apply_edits(policy_, edits);
        if (edited) {
          change.after = std::move(*edited);
        } else {
          Diagnostic diagnostic = edited.error();
          diagnostic.file = context_.file_name;
          if (diagnostic.at.line == 0) diagnostic.at = node->at;
          change.diagnostics.push_back(std::move(diagnostic));
        }
      }
    } else {
      step_.text = "policy";
      const YamlNode* merged = overlay(*context_.policy, *step.find("policy"), context_.pool);
      ReadPolicyText read = read_policy_node(*merged, context_.file_name);
      change.after = std::move(read.policy);
      std::erase_if(read.diagnostics, [](const Diagnostic& one) { return one.severity != Severity::error; });
      change.diagnostics = std::move(read.diagnostics);
    }
    // A refusal that nobody expects is a mistake of the file; the run would only say the same later.
    if (!change.after && !change.refused)
      for (const Diagnostic& diagnostic : change.diagnostics) reporter_.add(diagnostic);
    if (change.after) policy_ = *change.after;
    step_.what = std::move(change);
  }

  static std::vector<Diagnostic> errors_of(Reporter& reporter) {
    std::vector<Diagnostic> all = reporter.take();
    std::erase_if(all, [](const Diagnostic& one) { return one.severity != Severity::error; });
    return all;
  }

  [[nodiscard]] const Interface* find_interface(std::string_view name) const {
    const auto found = std::find_if(policy_.interfaces.begin(), policy_.interfaces.end(),
                                    [&](const Interface& one) { return one.name == name || one.id == name; });
    return found != policy_.interfaces.end() ? &*found : nullptr;
  }

  [[nodiscard]] std::optional<IpAddress> address_of(std::string_view name,
                                                    std::optional<Family> family) const {
    if (const auto found = context_.names.find(name); found != context_.names.end()) return found->second;
    const Interface* interface = find_interface(name);
    if (interface == nullptr) return std::nullopt;
    for (const Prefix& address : interface->addresses)
      if (address.is_host() && (!family || address.base.family == *family)) return address.base;
    return std::nullopt;
  }

  Policy policy_;
  const StepContext& context_;
  Reporter& reporter_;
  ScenarioStep step_;
  std::uint32_t number_ = 0;
  std::vector<ScenarioStep> steps_;
};

}  // namespace

ReadPolicyText read_policy_node(const YamlNode& node, const std::string& file_name) {
  Reporter reporter(file_name);
  ReadPolicyText result;
  ReadPolicy read = read_policy(node, reporter);
  validate({read.policy, read.positions, !reporter.has_error(), read.vpc_readable, reporter});
  if (!reporter.has_error()) result.policy = std::move(read.policy);
  result.diagnostics = reporter.take();
  return result;
}

std::vector<ScenarioStep> read_steps(const YamlNode& node, const Policy& policy, const StepContext& context) {
  StepReader reader(policy, context);
  for (const YamlNode* item : read_list(node, "steps", context.reporter)) reader.read(*item);
  return reader.take();
}

}  // namespace vpcwall
