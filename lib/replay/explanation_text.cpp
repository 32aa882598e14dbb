#include "replay/explanation_text.h"

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

std::string rule_text(const nlohmann::ordered_json& gate) {
  std::string text;
  const bool acl = gate.contains("acl");
  if (gate.contains("rule")) {
    text = (acl ? "entry " : "rule ") + gate.at("rule").get<std::string>();
    if (gate.contains("group")) text += " of " + gate.at("group").get<std::string>();
  } else if (refuses(gate) && gate.at("gate") != "source-dest-check") {
    text = "implicit deny";
  }
  if (gate.contains("match") && gate.contains("rule"))
    text += "  (" + gate.at("match").get<std::string>() + ')';
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

}  // namespace

std::string explanation_text(const nlohmann::ordered_json& explanation, bool colour) {
  std::string text = leg_text("request", explanation.at("request"), colour);
  if (explanation.at("reply").is_null()) {
    text += "reply    none: the request does not arrive\n";
  } else {
    text += leg_text("reply", explanation.at("reply"), colour);
  }
  std::string verdict = explanation.at("verdict").get<std::string>();
  std::transform(verdict.begin(), verdict.end(), verdict.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
  return text + '\n' + verdict + ": " + explanation.at("sentence").get<std::string>() + '\n';
}

}  // namespace vpcwall
