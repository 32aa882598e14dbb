#include "cli/completion/command_line.h"

#include <utility>

namespace vpcwall {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (c != ',') {
      word += c;
      continue;
    }
    words.push_back(word);
    word.clear();
  }
  words.push_back(word);
  return words;
}

Taken taken_by(const CLI::Option& option) {
  if (option.get_expected_max() == 0) return {};
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open != std::string::npos && close != std::string::npos)
    return {Taken::Kind::word, split(type.substr(open + 1, close - open - 1))};
  return {type.find("FILE") != std::string::npos ? Taken::Kind::file : Taken::Kind::text, {}};
}

// As the parser of an option reads it: a vector takes any number, another one the last or the only one.
bool is_repeatable(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

void add(CommandLine& line, const CLI::App& app, const std::vector<std::string>& path) {
  OfferedVerb verb{path, app.get_description(), {}, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden from the help as well
    if (option->get_positional()) {
      verb.positionals.push_back({option->get_name(true, false), taken_by(*option), is_repeatable(*option)});
      continue;
    }
    OfferedOption offered{{}, option->get_description(), taken_by(*option), is_repeatable(*option)};
    for (const std::string& name : option->get_snames()) offered.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) offered.names.push_back("--" + name);
    verb.options.push_back(std::move(offered));
  }
  const std::vector<const CLI::App*> below = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* one : below) verb.verbs.push_back(one->get_name());
  line.push_back(std::move(verb));
  for (const CLI::App* one : below) {
    std::vector<std::string> further = path;
    further.push_back(one->get_name());
    add(line, *one, further);
  }
}

}  // namespace

CommandLine command_line_of(const CLI::App& app) {
  CommandLine line;
  add(line, app, {});
  return line;
}

std::string joined(const std::vector<std::string>& words, char between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

}  // namespace vpcwall
