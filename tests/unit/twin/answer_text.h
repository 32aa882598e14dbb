// A twin's answer as one line, so that a test shows the whole of what it expects.
#pragma once

#include <string>

#include "twin/twin.h"

namespace vpcwall::twin {

// "accept: acl-ingress(public) allow 100, sg-ingress(web) new"; "accept:" if no gate was met.
inline std::string text_of(const Answer& answer) {
  std::string text = answer.accept ? "accept:" : "drop:";
  std::string between = " ";
  for (const GateAnswer& gate : answer.gates) {
    text += between + gate.gate;
    if (!gate.place.empty()) text += "(" + gate.place + ")";
    text += " " + gate.outcome;
    if (!gate.rule.empty()) text += " " + gate.rule;
    between = ", ";
  }
  return text;
}

}  // namespace vpcwall::twin
