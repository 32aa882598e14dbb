#include <algorithm>

#include "engine/decision_json.h"
#include "explain/edit_json.h"
#include "explain/explanation.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

ordered_json leg_json(const Leg& leg, const JudgedPolicy& policy) {
  ordered_json json;
  json["packet"] = describe(leg.packet);
  json.update(to_json(leg.decision, policy.compiled, policy.slots));
  for (std::size_t i = 0; i < leg.trace.steps.size(); ++i) {
    const TraceStep& step = leg.trace.steps[i];
    auto& gate = json["gates"][i];
    if (step.gate.rule != no_slot) gate["match"] = policy.slots.identity(step.gate.rule).match;
    if (const std::string at = policy.position(step.gate.rule); !at.empty()) gate["at"] = at;
    const bool group = step.gate.gate == Gate::sg_ingress || step.gate.gate == Gate::sg_egress;
    if (group && step.gate.outcome == Outcome::deny) {
      gate["groups"] = ordered_json::array();
      for (const SecurityGroup* one : policy.groups_of(step.gate.interface))
        gate["groups"].push_back(one->name);
    }
    gate["considered"] = step.considered;
    if (step.flow) gate["flow"] = to_string(step.flow->state);
  }
  return json;
}

std::string place_of(const ordered_json& gate) {
  const std::string name = gate.at("gate").get<std::string>();
  if (name == "acl-ingress" || name == "acl-egress")
    return "the network ACL of subnet " + gate.at("subnet").get<std::string>() +
           (name == "acl-ingress" ? " on the way in" : " on the way out");
  if (name == "source-dest-check")
    return "the source/destination check of interface " + gate.at("interface").get<std::string>();
  return "the security groups of interface " + gate.at("interface").get<std::string>() +
         (name == "sg-ingress" ? " on the way in" : " on the way out");
}

std::string cause_of(const ordered_json& gate) {
  if (gate.at("outcome") == "table-full") return "the interface's connection table is full";
  if (gate.at("gate") == "source-dest-check") return "the address is not the interface's own";
  const std::string rule = gate.value("rule", "");
  if (rule == "*") return "no entry matches, so `*` denies";
  if (!rule.empty()) return "entry " + rule + " denies";
  return "no rule of its groups allows it";
}

std::string passing_sentence(const ordered_json& json) {
  const auto& gates = json.at("request").at("gates");
  if (gates.empty()) return "Not filtered: no guarded interface takes part, or a host talks to itself.";
  if (gates.at(0).at("gate") == "exempt") return "Not filtered: the peer is a service that AWS exempts.";
  if (json.at("reply").is_null()) return "The message arrives; nobody answers one of its kind.";
  return "The request arrives and its reply comes back.";
}

std::string sentence(const ordered_json& json) {
  if (json.at("verdict") == "pass") return passing_sentence(json);
  if (json.at("blocked_at").is_null()) return "The packet is dropped before any gate is asked.";
  const bool request = json.at("blocked_at").at("direction") == "request";
  const auto& gate = json.at(request ? "request" : "reply").at("gates").back();
  return std::string(request ? "The request" : "The request arrives, but its reply") + " is dropped by " +
         place_of(gate) + ": " +
         (json.at(request ? "request" : "reply").at("reason") == to_string(Reason::unlisted_address)
              ? "no interface has the address, and the policy drops such packets"
              : cause_of(gate)) +
         '.';
}

ordered_json blocked_at(const Explanation& explanation, const ordered_json& json) {
  if (explanation.story.passes()) return nullptr;
  const bool request = !explanation.story.request.passes();
  const auto& gates = json.at(request ? "request" : "reply").at("gates");
  if (gates.empty()) return nullptr;
  ordered_json at{{"gate", gates.back().at("gate")},
                  {"direction", request ? "request" : "reply"},
                  {"rule", gates.back().contains("rule") ? gates.back().at("rule") : ordered_json(nullptr)}};
  if (gates.back().contains("at")) at["at"] = gates.back().at("at");
  return at;
}

ordered_json nearest_json(const NearRule& near) {
  const bool acl = near.identity.kind == RuleKind::acl_entry;
  ordered_json json{{acl ? "acl" : "group", near.owner_name},
                    {"direction", to_string(near.identity.direction)},
                    {"rule", near.identity.rule},
                    {"match", near.identity.match}};
  if (!near.at.empty()) json["at"] = near.at;
  json["differences"] = ordered_json::array();
  for (const Difference& difference : near.differences)
    json["differences"].push_back({{"kind", to_string(difference.misfit)}, {"text", difference.text}});
  return json;
}

template <class Kind>
bool has(const Fix& fix) {
  return std::any_of(fix.edits.begin(), fix.edits.end(),
                     [](const Edit& edit) { return std::holds_alternative<Kind>(edit); });
}

// What a fix does beyond what was asked for.
std::string side_effect(const Fix& fix) {
  if (has<RemoveRule>(fix)) return " What else was allowed by that ends as well.";
  if (has<SetSourceDestCheck>(fix))
    return " Without the source/destination check an interface carries traffic of others, forged addresses"
           " included: right for a router or a NAT instance; otherwise use an address that is its own.";
  return {};
}

std::string fix_sentence(const Fix& fix) {
  if (!fix.policy)
    return "No rule helps: " + fix.why_not + '.' + (fix.instead.empty() ? "" : ' ' + fix.instead);
  if (fix.edits.size() == 1) return "One change is enough; tried, and it works." + side_effect(fix);
  return "One rule is not enough: all " + std::to_string(fix.edits.size()) +
         " changes are needed; tried together, and they work." + side_effect(fix);
}

ordered_json fix_json(const Fix& fix, const Policy& policy) {
  ordered_json json{{"helps", fix.policy.has_value()}, {"one_is_enough", fix.edits.size() == 1}};
  json["edits"] = ordered_json::array();
  for (const Edit& edit : fix.edits) {
    json["edits"].push_back(to_json(edit, policy));
    json["edits"].back()["text"] = edit_text(json["edits"].back());
  }
  json["sentence"] = fix_sentence(fix);
  return json;
}

ordered_json client_json(const Explanation& explanation) {
  const Inquiry& inquiry = explanation.inquiry;
  if (!has_ports(inquiry.request.protocol)) return nullptr;
  ordered_json json{{"system", inquiry.client.client}, {"range", to_string(inquiry.client.ports)}};
  json["source_ports"] = ordered_json::array();
  for (const PortOutcome& outcome : explanation.coverage.outcomes())
    json["source_ports"].push_back(
        {{"ports", to_string(outcome.ports)}, {"verdict", outcome.passes ? "pass" : "blocked"}});
  return json;
}

}  // namespace

ordered_json to_json(const Explanation& explanation, const JudgedPolicy& policy) {
  ordered_json json;
  json["schema"] = "vpcwall/explain/1";
  json["verdict"] = explanation.passes() ? "pass" : "blocked";
  json["expected"] = explanation.inquiry.expect_blocked ? "blocked" : "pass";
  json["as_expected"] = explanation.as_expected();
  json["request"] = leg_json(explanation.story.request, policy);
  json["reply"] =
      explanation.story.reply ? leg_json(*explanation.story.reply, policy) : ordered_json(nullptr);
  json["blocked_at"] = blocked_at(explanation, json);
  json["client"] = client_json(explanation);
  json["nearest"] = ordered_json::array();
  for (const NearRule& near : explanation.nearest) json["nearest"].push_back(nearest_json(near));
  json["mistakes"] = ordered_json::array();
  for (const Mistake& mistake : explanation.mistakes)
    json["mistakes"].push_back({{"kind", to_string(mistake.kind)}, {"sentence", mistake.sentence}});
  json["fix"] = explanation.fix ? fix_json(*explanation.fix, policy.written) : ordered_json(nullptr);
  json["codes"] = explanation.codes;
  json["sentence"] = sentence(json);
  return json;
}

}  // namespace vpcwall
