#include "cli/completion/scripts.h"

namespace vpcwall {
namespace {

// Finds the verb and the number of the positional in hand, then asks the three tables that are put in its
// place.
constexpr const char* frame = R"(# bash completion of @command@, printed by `@command@ completion bash`

_@command@_takes() { # verb, option or number of a positional: @file, @text or the words
  case "$1:$2" in
@takes@
  esac
}

_@command@() {
  local current=${COMP_WORDS[COMP_CWORD]} verb='' verbs='' options='' takes='' word='' option=''
  local number=0 at=1 plain=no
  COMPREPLY=()
  while ((at < COMP_CWORD)); do
    word=${COMP_WORDS[at]}
    at=$((at + 1))
    [[ -z $verb && $word == -* ]] && continue
    case "${verb:+$verb }$word" in
@verbs@ verb=${verb:+$verb }$word ;;
      *)
        at=$((at - 1))
        break
        ;;
    esac
  done
  while ((at < COMP_CWORD)); do
    word=${COMP_WORDS[at]}
    at=$((at + 1))
    if [[ $plain == no && $word == -- ]]; then
      plain=yes
    elif [[ $plain == no && $word == -* ]]; then
      [[ -n $(_@command@_takes "$verb" "$word") ]] || continue
      [[ ${COMP_WORDS[at]} == = ]] && at=$((at + 1)) # --option=value: three words to bash
      ((at < COMP_CWORD)) || option=$word
      at=$((at + 1))
    else
      number=$((number + 1))
    fi
  done
  if [[ $current == = ]]; then # the value is yet to come
    option=${COMP_WORDS[COMP_CWORD - 1]}
    current=''
  fi
  case "$verb" in
@options@
  esac
  if [[ -n $option ]]; then
    takes=$(_@command@_takes "$verb" "$option")
  elif [[ $plain == no && $current == -* ]]; then
    takes=$options
  elif [[ -n $verbs ]]; then
    takes=$verbs
  else
    takes=$(_@command@_takes "$verb" "$number")
  fi
  case "$takes" in
    '' | @text) ;;
    @file)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$takes" -- "$current") ;;
  esac
}

complete -F _@command@ @command@
)";

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string shown(const Taken& taken) {
  if (taken.kind == Taken::Kind::word) return joined(taken.words);
  return taken.kind == Taken::Kind::file ? "@file" : "@text";
}

std::string in_quotes(const std::string& text) { return "'" + text + "'"; }

std::string takes_lines(const OfferedVerb& verb) {
  const std::string path = joined(verb.path);
  std::string lines;
  for (const OfferedOption& option : verb.options) {
    if (option.takes.kind == Taken::Kind::nothing) continue;
    std::string patterns;
    for (const std::string& name : option.names) {
      if (!patterns.empty()) patterns += " | ";
      patterns += in_quotes(path + ":" + name);
    }
    lines += "    " + patterns + ") echo " + in_quotes(shown(option.takes)) + " ;;\n";
  }
  for (std::size_t i = 0; i < verb.positionals.size(); ++i) {
    const OfferedPositional& positional = verb.positionals[i];
    // All further ones are of the last kind. Options have been looked for before.
    const std::string number =
        positional.again ? in_quotes(path + ":") + "[0-9]*" : in_quotes(path + ":" + std::to_string(i));
    lines += "    " + number + ") echo " + in_quotes(shown(positional.takes)) + " ;;\n";
  }
  return lines;
}

}  // namespace

std::string bash_completion(const std::string& command, const CommandLine& line) {
  std::string takes;
  std::string verbs;
  std::string options;
  for (const OfferedVerb& verb : line) {
    takes += takes_lines(verb);
    if (!verb.path.empty()) verbs += (verbs.empty() ? "      " : " | ") + in_quotes(joined(verb.path));
    std::string names;
    for (const OfferedOption& option : verb.options)
      names += (names.empty() ? "" : " ") + joined(option.names);
    options += "    " + in_quotes(joined(verb.path)) + ") verbs=" + in_quotes(joined(verb.verbs)) +
               " options=" + in_quotes(names) + " ;;\n";
  }
  takes.pop_back();
  options.pop_back();
  std::string script = frame;
  replace_all(script, "@takes@", takes);
  replace_all(script, "@verbs@", verbs + ")");
  replace_all(script, "@options@", options);
  replace_all(script, "@command@", command);
  return script;
}

}  // namespace vpcwall
