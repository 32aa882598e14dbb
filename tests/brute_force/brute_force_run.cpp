// brute_force_run: reach and diff against every packet of the small space, for as many policies as one likes.
//
//   brute_force_run --policies N [--seed S] [--first K]
//
// Stops at the first difference, prints it with both policies, and exits with status 1.
#include <CLI/CLI.hpp>
#include <iostream>

#include "brute_force/brute_force.h"

int main(int argc, char** argv) {
  using namespace vpcwall::brute_force;
  std::uint64_t policies = 1000, seed = 1, first = 0;
  CLI::App app("Compares reach and diff with brute force.");
  app.add_option("--policies", policies, "how many")->capture_default_str();
  app.add_option("--seed", seed, "other policies")->capture_default_str();
  app.add_option("--first", first, "begin with this one")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  Tally reach, difference;
  for (std::uint64_t number = first; number < first + policies; ++number)
    if (const auto mistake = compare_numbered(seed, number, reach, difference)) {
      std::cout << *mistake << '\n';
      return 1;
    } else if ((number + 1 - first) % 100 == 0) {
      std::cerr << number + 1 - first << " policies\n";
    }
  std::cout << "policies " << policies << '\n'
            << "reach: " << reach.packets << " requests, " << reach.reached << " arrived, " << reach.answered
            << " answered, " << reach.lines << " lines\n"
            << "diff: " << difference.packets << " requests, " << difference.changed << " changed, "
            << difference.cut << " connections cut, " << difference.cut_only << " of them cut only, "
            << difference.lines << " lines\n"
            << "differences 0\n";
  return 0;
}
