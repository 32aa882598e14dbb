#include "scenario/scenario_reader.h"

#include <algorithm>
#include <set>

#include "policy/yaml_reader.h"
#include "scenario/policy_overlay.h"
#include "scenario/step_reader.h"

namespace vpcwall {
namespace {

bool is_case_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

class FileReader {
 public:
  FileReader(const std::string& file_name, const ReadFile& read_file, Reporter& reporter)
      : file_name_(file_name), read_file_(read_file), reporter_(reporter) {}

  ScenarioFile read(const YamlNode& root) {
    const MappingReader top(root, "the scenario file",
                            {"version", "title", "lab", "names", "policy", "cases"}, reporter_);
    ScenarioFile file;
    sources_ = {file_name_};
    if (!top.is_mapping()) return file;
    read_version(top);
    if (const YamlNode* title = top.find("title"))
      file.title = read_text(*title, "a title", reporter_).value_or("");
    base_ = &with_version();
    if (const YamlNode* lab = top.find("lab")) base_ = read_lab(*lab, base_);
    if (const YamlNode* names = top.find("names")) read_names(*names, reporter_);
    if (base_ != nullptr) base_ = policy_of(top.find("policy"), base_);
    if (base_ != nullptr) file.policy = read_policy_node(*base_, file_name_).policy;
    if (const YamlNode* cases = top.require("cases"))
      for (const YamlNode* item : read_list(*cases, "cases", reporter_)) read_case(*item, file);
    file.sources = std::move(sources_);
    return file;
  }

 private:
  // Of the scenario file and of the lab alike.
  static void read_version(const MappingReader& file) {
    if (const YamlNode* version = file.require("version"))
      (void)read_number(*version, "version", 1, 1, file.reporter());
  }

  // A scenario file has one version for all that is written in it.
  const YamlNode& with_version() {
    YamlNode& key = pool_.emplace_back();
    key.kind = YamlNode::Kind::scalar;
    key.text = "version";
    YamlNode& value = pool_.emplace_back(key);
    value.text = "1";
    YamlNode& mapping = pool_.emplace_back();
    mapping.kind = YamlNode::Kind::mapping;
    mapping.children = {&key, &value};
    return mapping;
  }

  // The names and the policy that several scenario files share.
  const YamlNode* read_lab(const YamlNode& node, const YamlNode* below) {
    const YamlTree* tree = tree_of(node);
    if (tree == nullptr) return nullptr;
    Reporter other(node.text);
    const MappingReader lab(*tree->root, "the lab file", {"version", "names", "policy"}, other);
    read_version(lab);
    if (const YamlNode* names = lab.find("names")) read_names(*names, other);
    const YamlNode* policy = lab.find("policy");
    if (policy != nullptr) below = overlay(*below, *policy, pool_);
    if (!take_elsewhere(other)) return below;
    reporter_.error(node.at, "found a lab with mistakes in " + vpcwall::quoted(node.text));
    return nullptr;
  }

  // The tree of a file that `node` names; null when it cannot be read, which has been reported then.
  const YamlTree* tree_of(const YamlNode& node) {
    const auto name = read_text(node, "the name of a file", reporter_);
    if (!name) return nullptr;
    const auto text = read_file_(*name);
    if (!text) {
      reporter_.error(node.at, text.error().message);
      return nullptr;
    }
    Reporter other(*name);
    if (auto tree = parse_yaml(*text, other, static_cast<std::uint32_t>(sources_.size()))) {
      sources_.push_back(*name);
      return &trees_.emplace_back(std::move(*tree));
    }
    (void)take_elsewhere(other);
    reporter_.error(node.at, "found a file that is not readable as YAML: " + vpcwall::quoted(*name));
    return nullptr;
  }

  // True if there were errors.
  bool take_elsewhere(Reporter& other) {
    const bool bad = other.has_error();
    for (Diagnostic& diagnostic : other.take())
      if (diagnostic.severity == Severity::error) elsewhere_.push_back(std::move(diagnostic));
    return bad;
  }

  // A mapping laid over `below`, or the file that a text names.
  const YamlNode* policy_of(const YamlNode* node, const YamlNode* below) {
    if (node == nullptr) return below;
    if (node->kind != YamlNode::Kind::scalar) return overlay(*below, *node, pool_);
    const YamlTree* tree = tree_of(*node);
    if (tree == nullptr) return nullptr;
    const ReadPolicyText read = read_policy_node(*tree->root, node->text);
    if (read.policy) return tree->root;
    for (const Diagnostic& diagnostic : read.diagnostics)
      if (diagnostic.severity == Severity::error) elsewhere_.push_back(diagnostic);
    reporter_.error(node->at, "found a policy with mistakes in " + vpcwall::quoted(node->text));
    return nullptr;
  }

  // What a later text names anew wins: the file's own names over the lab's.
  void read_names(const YamlNode& node, Reporter& reporter) {
    if (node.kind != YamlNode::Kind::mapping) {
      reporter.error(node.at,
                     "found " + describe(node) + ", expected names, a mapping of names to addresses");
      return;
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const YamlNode& key = *node.children[i];
      const YamlNode& value = *node.children[i + 1];
      const auto name = read_text(key, "a name", reporter);
      const auto address = value.kind == YamlNode::Kind::scalar ? parse_address(value.text) : std::nullopt;
      if (!address) reporter.error(value.at, "found " + describe(value) + ", expected an IP address");
      if (!name) continue;
      if (!is_case_id(*name))
        reporter.error(key.at, "found " + vpcwall::quoted(*name) +
                                   ", expected a name of letters, digits, '-', '_' and '.'");
      if (!seen.insert(*name).second)
        reporter.error(key.at, "found the name " + vpcwall::quoted(*name) + " a second time");
      if (address) names_[*name] = *address;
    }
  }

  void read_case(const YamlNode& node, ScenarioFile& file) {
    const MappingReader map(node, "a case", {"id", "title", "covers", "note", "policy", "steps"}, reporter_);
    if (!map.is_mapping()) return;
    Scenario scenario;
    scenario.at = node.at;
    if (const YamlNode* id = map.require("id")) {
      scenario.id = read_text(*id, "the id of a case", reporter_).value_or("");
      if (!is_case_id(scenario.id)) {
        reporter_.error(id->at, "found " + vpcwall::quoted(scenario.id) +
                                    ", expected an id of at most 64 letters, digits, '-', '_' and '.'");
      } else if (!ids_.insert(scenario.id).second) {
        reporter_.error(id->at, "found the case " + vpcwall::quoted(scenario.id) + " a second time");
      }
    }
    if (const YamlNode* title = map.find("title"))
      scenario.title = read_text(*title, "a title", reporter_).value_or("");
    if (const YamlNode* note = map.find("note"))
      scenario.note = read_text(*note, "a note", reporter_).value_or("");
    if (const YamlNode* covers = map.find("covers"))
      for (const YamlNode* item : read_list(*covers, "covers", reporter_))
        if (const auto fact = read_text(*item, "the number of a fact", reporter_))
          scenario.covers.push_back(*fact);
    const YamlNode* steps = map.require("steps");
    if (base_ == nullptr) return;  // reported where the file's policy stands
    const YamlNode* policy = policy_of(map.find("policy"), base_);
    if (policy == nullptr || steps == nullptr) return;
    ReadPolicyText read = read_policy_node(*policy, file_name_);
    if (!read.policy) {
      for (const Diagnostic& diagnostic : read.diagnostics)
        if (diagnostic.severity == Severity::error) reporter_.add(diagnostic);
      return;
    }
    scenario.policy = std::move(*read.policy);
    scenario.steps = read_steps(*steps, scenario.policy, {names_, policy, file_name_, reporter_, pool_});
    file.scenarios.push_back(std::move(scenario));
  }

 public:
  // What is wrong with the files that this one names.
  std::vector<Diagnostic> elsewhere_;

 private:
  const std::string& file_name_;
  const ReadFile& read_file_;
  Reporter& reporter_;
  std::deque<YamlNode> pool_;
  std::deque<YamlTree> trees_;
  std::vector<std::string> sources_;
  std::map<std::string, IpAddress, std::less<>> names_;
  std::set<std::string> ids_;
  const YamlNode* base_ = nullptr;
};

}  // namespace

LoadedScenarios load_scenarios(std::string_view text, const std::string& file_name,
                               const ReadFile& read_file) {
  Reporter reporter(file_name);
  LoadedScenarios loaded;
  FileReader reader(file_name, read_file, reporter);
  if (const auto tree = parse_yaml(text, reporter)) {
    ScenarioFile file = reader.read(*tree->root);
    if (!reporter.has_error()) loaded.file = std::move(file);
  }
  loaded.diagnostics = reporter.take();
  loaded.diagnostics.insert(loaded.diagnostics.end(), reader.elsewhere_.begin(), reader.elsewhere_.end());
  return loaded;
}

}  // namespace vpcwall
