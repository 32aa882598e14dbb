#include "explain/explanation_text.h"

#include <algorithm>

namespace vpcwall {
namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

bool refuses(const nlohmann::ordered_json& gate) {
  const std::string outcome = gate.at("outcome").get<std::string>();
  return outcome == "deny" || outcome == "table-full";
}

std::string joined(const nlohmann::ordered_json& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word.get<std::string>();
  return text;
}

std::string rule_text(const nlohmann::ordered_json& gate) {
  std::string text;
  const bool acl = gate.contains("acl");
  if (gate.contains("rule")) {
    text = (acl ? "entry " : "rule ") + gate.at("rule").get<std::string>();
    if (gate.contains("group")) text += " of " + gate.at("group").get<std::string>();
  } else if (refuses(gate) && gate.at("gate") != "source-dest-check") {
    text =
        "implicit deny: no rule of groups " + joined(gate.value("groups", nlohmann::ordered_json::array()));
  }
  if (gate.contains("match") && gate.contains("rule"))
    text += "  (" + gate.at("match").get<std::string>() + ')';
  if (gate.contains("at")) text += "  " + gate.at("at").get<std::string>();
  if (gate.contains("flow")) text += "  flow " + gate.at("flow").get<std::string>();
  return text;
}

std::string leg_text(const char* title, const nlohmann::ordered_json& leg, bool colour) {
  std::string text = padded(title, 9) + leg.at("packet").get<std::string>() + '\n';
  for (const auto& gate : leg.at("gates")) {
    const bool refused = refuses(gate);
    const std::string where = gate.value("subnet", gate.value("interface", std::string("-")));
    const char* paint = refused ? "\033[31m" : "\033[32m";
    text += "  " + padded(gate.at("gate").get<std::string>(), 19) + padded(where, 14);
    text +=
        (colour ? paint : "") + padded(gate.at("outcome").get<std::string>(), 11) + (colour ? "\033[0m" : "");
    text += rule_text(gate) + (refused ? "  <- stops here" : "") + '\n';
  }
  if (leg.at("gates").empty()) text += "  no gate is asked (" + leg.at("reason").get<std::string>() + ")\n";
  return text;
}

// Which of the client's ports pass, where not all of them do.
std::string client_text(const nlohmann::ordered_json& client) {
  if (client.is_null() || client.at("source_ports").size() < 2) return {};
  std::string text = padded("client", 9) + client.at("system").get<std::string>() + ", source ports " +
                     client.at("range").get<std::string>() + ":";
  for (const auto& part : client.at("source_ports"))
    text += "  " + part.at("ports").get<std::string>() + ' ' + part.at("verdict").get<std::string>();
  return text + '\n';
}

std::string nearest_text(const nlohmann::ordered_json& nearest) {
  std::string text;
  for (const auto& near : nearest) {
    const bool acl = near.contains("acl");
    text += padded(text.empty() ? "nearest" : "", 9) + (acl ? "entry " : "rule ") +
            near.at("rule").get<std::string>() + " of " + near.at(acl ? "acl" : "group").get<std::string>() +
            "  (" + near.at("match").get<std::string>() + ')';
    if (near.contains("at")) text += "  " + near.at("at").get<std::string>();
    text += '\n';
    for (const auto& difference : near.at("differences"))
      text += std::string(11, ' ') + difference.at("text").get<std::string>() + '\n';
  }
  return text;
}

std::string fix_text(const nlohmann::ordered_json& fix) {
  if (fix.is_null()) return {};
  std::string text = padded("fix", 9) + fix.at("sentence").get<std::string>() + '\n';
  for (const auto& edit : fix.at("edits"))
    text += std::string(11, ' ') + edit.at("text").get<std::string>() + '\n';
  return text;
}

const char* no_reply(const nlohmann::ordered_json& explanation) {
  return explanation.at("request").at("verdict") == "accept"
             ? "reply    none: nobody answers a message of this kind\n"
             : "reply    none: the request does not arrive\n";
}

}  // namespace

std::string explanation_text(const nlohmann::ordered_json& explanation, bool colour) {
  std::string text = leg_text("request", explanation.at("request"), colour);
  text += explanation.at("reply").is_null() ? no_reply(explanation)
                                            : leg_text("reply", explanation.at("reply"), colour);
  text += client_text(explanation.at("client"));
  text += nearest_text(explanation.at("nearest"));
  for (const auto& mistake : explanation.at("mistakes"))
    text += padded("mistake", 9) + mistake.at("sentence").get<std::string>() + '\n';
  text += fix_text(explanation.at("fix"));
  std::string verdict = explanation.at("verdict").get<std::string>();
  std::transform(verdict.begin(), verdict.end(), verdict.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
  if (!explanation.at("as_expected").get<bool>() && explanation.at("expected") == "blocked")
    verdict += " (expected: blocked)";
  return text + '\n' + verdict + ": " + explanation.at("sentence").get<std::string>() + '\n';
}

}  // namespace vpcwall
