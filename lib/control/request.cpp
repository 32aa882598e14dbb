#include "control/request.h"

#include <algorithm>

namespace vpcwall {
namespace {

constexpr int max_request_depth = 8;  // far above what any verb takes

std::string known_verbs() {
  std::string text;
  for (const RequestVerb& verb : request_verbs) text += (text.empty() ? "" : ", ") + std::string(verb.name);
  return text;
}

}  // namespace

const RequestVerb* find_verb(std::string_view name) noexcept {
  const auto* found = std::find_if(request_verbs.begin(), request_verbs.end(),
                                   [name](const RequestVerb& verb) { return verb.name == name; });
  return found == request_verbs.end() ? nullptr : found;
}

Expected<Request, std::string> read_request(std::string_view line) {
  if (line.size() > max_request_bytes)
    return Unexpected{std::string("request longer than ") + std::to_string(max_request_bytes) + " bytes"};
  bool too_deep = false;
  const auto keep = [&too_deep](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > max_request_depth) too_deep = true;
    return !too_deep;
  };
  nlohmann::json object = nlohmann::json::parse(line, keep, false);
  if (too_deep) return Unexpected{std::string("request nested too deeply")};
  if (object.is_discarded() || !object.is_object())
    return Unexpected{std::string("request is not a JSON object on one line")};
  const auto verb = object.find("verb");
  if (verb == object.end() || !verb->is_string())
    return Unexpected{"request has no \"verb\"; expected one of " + known_verbs()};
  std::string name = verb->get<std::string>();
  if (find_verb(name) == nullptr)
    return Unexpected{"unknown verb \"" + name.substr(0, 40) + "\"; expected one of " + known_verbs()};
  return Request{std::move(name), std::move(object)};
}

}  // namespace vpcwall
