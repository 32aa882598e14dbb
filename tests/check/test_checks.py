"""Each check finds what it is made to find, and nothing in a good sample."""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import documents
import form
import headers
import install
import layers
import package
import project
import purity
import semantics
import size
import tidy
import words

GOOD_HEADER = "#pragma once\n\nnamespace vpcwall {}\n"
GOOD_PAGE = ".Dd $Mdocdate$\n.Dt SAMPLE 1\n.Os\n.Sh NAME\n.Nm sample\n.Nd a sample\n"
GOOD_UNIT = "[Unit]\nDescription=Sample\n[Service]\nType=notify\nExecStart=/usr/sbin/no-such-program --flag\n"


class Sample(unittest.TestCase):
    """A small tree with lib, daemon and cli in a scratch folder."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for folder in ("lib/base", "lib/net", "lib/policy", "lib/flow", "daemon", "cli"):
            self.write(f"{folder}/README.md", "What this folder knows.\n")
        self.write("lib/net/address.h", GOOD_HEADER)
        self.write("daemon/hooks.h", GOOD_HEADER)
        self.write("cli/table.h", GOOD_HEADER)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def assert_finds(self, findings, *words_of_it):
        """Exactly one finding, and these words are in it."""
        self.assertEqual(len(findings), 1, findings)
        for word in words_of_it:
            self.assertIn(word, findings[0])


class Layers(Sample):
    def check(self, name, text):
        self.write(name, text)
        return layers.findings(self.root)

    def test_an_arrow_downwards_is_allowed(self):
        self.assertEqual(self.check("lib/policy/a.h", '#include <vector>\n#include "net/address.h"\n'), [])

    def test_an_arrow_upwards_is_found(self):
        self.write("lib/policy/policy.h", GOOD_HEADER)
        self.assert_finds(self.check("lib/net/a.cpp", '#include "policy/policy.h"\n'), "lib/net/a.cpp:1", "policy")

    def test_an_arrow_between_strangers_is_found(self):
        self.write("lib/policy/policy.h", GOOD_HEADER)
        self.assert_finds(self.check("lib/flow/a.h", '\n# include "policy/policy.h"\n'), "lib/flow/a.h:2")

    def test_the_shell_may_include_all_of_lib(self):
        self.assertEqual(self.check("daemon/a.cpp", '#include "daemon/hooks.h"\n#include "net/address.h"\n'), [])

    def test_daemon_and_cli_are_strangers(self):
        self.assert_finds(self.check("cli/a.cpp", '#include "daemon/hooks.h"\n'), "cli/a.cpp:1")
        self.assertEqual(len(self.check("daemon/a.cpp", '#include "cli/table.h"\n')), 2)

    def test_lib_must_not_include_the_shell(self):
        self.assert_finds(self.check("lib/net/a.cpp", '#include "daemon/hooks.h"\n'), "lib/net/a.cpp:1")

    def test_a_header_without_its_folder_is_found(self):
        self.assert_finds(self.check("lib/net/a.cpp", '#include "address.h"\n'), "folder")

    def test_a_header_of_ours_in_angle_brackets_is_found(self):
        self.assert_finds(self.check("lib/net/a.cpp", "#include <net/address.h>\n"), "<net/address.h>")

    def test_a_system_header_in_a_folder_named_like_a_layer_is_none_of_ours(self):
        self.assertEqual(self.check("daemon/a.cpp", "#include <net/if.h>\n"), [])

    def test_a_header_that_does_not_exist_is_found(self):
        self.assert_finds(self.check("lib/net/a.cpp", '#include "net/adress.h"\n'), "does not exist")

    def test_an_unknown_folder_of_lib_is_found(self):
        self.assert_finds(self.check("lib/util/README.md", "Everything else.\n"), "lib/util")

    def test_a_link_downwards_is_allowed(self):
        self.assertEqual(
            self.check("lib/policy/CMakeLists.txt", "target_link_libraries(vpcwall_policy PUBLIC vpcwall_net yaml-cpp)"), [])

    def test_a_link_upwards_is_found_also_over_several_lines(self):
        text = "# the packet layer\ntarget_link_libraries(vpcwall_net\n  PUBLIC vpcwall_base\n  PRIVATE vpcwall_policy)\n"
        self.assert_finds(self.check("lib/net/CMakeLists.txt", text), "lib/net/CMakeLists.txt:2", "vpcwall_policy")


class Purity(Sample):
    def test_every_forbidden_thing_is_found(self):
        for line in (
            "auto now = std::chrono::steady_clock::now();",
            "auto now = Clock::now ();",
            "::clock_gettime(CLOCK_MONOTONIC, &spec);",
            "const auto seconds = time(nullptr);",
            "#include <sys/socket.h>",
            "#include <linux/netfilter/nfnetlink_queue.h>",
            "#include <libmnl/libmnl.h>",
            "#include <iostream>",
            "std::cerr << 1;",
            'printf("%d", 1);',
            'std::fputs("text", stderr);',
            "spdlog::info(1);",
            "#include <thread>",
            "std::jthread worker([] {});",
            "std::this_thread::sleep_for(1ms);",
            'const char* home = std::getenv("HOME");',
            "std::exit(1);",
            "std::random_device seed;",
        ):
            with self.subTest(line=line):
                self.write("lib/net/a.cpp", f"\n{line}\n")
                self.assert_finds(purity.findings(self.root), "lib/net/a.cpp:2")

    def test_what_merely_looks_like_it_is_not_found(self):
        self.write(
            "lib/net/a.cpp",
            '// std::cout << steady_clock::now();\nconst char* text = "printf(";\nauto a = timeout(0);\n'
            "#include <cstdio>\nstd::snprintf(text, 8, format, 1);\nauto b = queue.time(0);\nstd::stop_token token; auto c = expire(now, 1'000);\n"
            "const std::string_view raw = R\"(std::cerr\n)\";\nauto exits = exit_status(1);\n",
        )
        self.assertEqual(purity.findings(self.root), [])

    def test_the_shell_may_do_all_of_it(self):
        self.write("daemon/a.cpp", "#include <iostream>\nauto now = std::chrono::steady_clock::now();\n")
        self.assertEqual(purity.findings(self.root), [])


class Words(Sample):
    def test_every_forbidden_word_is_found(self):
        places = ("/".join(("", *parts)) for parts in (("work", "here"), ("home", "someone", "x")))  # on no machine of a user's
        for line in ("// TO" "DO: later", "# FIX" "ME", "/* XX" "X */", "see .." "/shared/plan.md", *(f"cd {place}" for place in places)):
            with self.subTest(line=line):
                self.write("scripts/a", f"one\n{line}\n")
                self.assert_finds(words.findings(self.root), "scripts/a:2")

    def test_a_word_inside_another_word_is_not_found(self):
        self.write("scripts/a", "mktemp /tmp/a.XXXXXX\nnet/worker.h\n/workers\nframework/work\n")
        self.assertEqual(words.findings(self.root), [])

    def test_the_build_folder_is_not_looked_at(self):
        self.write("build/release/a", "TODO\n")
        self.assertEqual(words.findings(self.root), [])


class Size(Sample):
    def test_the_sample_is_small_enough(self):
        self.assertEqual(size.findings(self.root), [])

    def test_a_source_of_451_lines_is_found(self):
        self.write("daemon/a.cpp", "\n" * 450)
        self.assertEqual(size.findings(self.root), [])
        self.write("daemon/a.cpp", "\n" * 451)
        self.assert_finds(size.findings(self.root), "daemon/a.cpp:451")

    def test_a_folder_without_a_readme_is_found(self):
        (self.root / "lib/net/README.md").unlink()
        self.assert_finds(size.findings(self.root), "lib/net")

    def test_a_readme_of_21_lines_is_found(self):
        self.write("cli/README.md", "line\n" * 21)
        self.assert_finds(size.findings(self.root), "cli/README.md")


class Headers(Sample):
    def test_a_header_that_includes_what_it_uses_stands_alone(self):
        self.write("lib/net/a.h", "#pragma once\n#include <string>\ninline std::string name() { return {}; }\n")
        self.assertEqual(headers.findings(self.root), [])

    def test_a_header_that_leans_on_its_includer_is_found(self):
        self.write("lib/net/a.h", "#pragma once\ninline std::string name() { return {}; }\n")
        self.assert_finds(headers.findings(self.root), "lib/net/a.h")

    def test_a_header_without_a_guard_is_found(self):
        self.write("cli/a.h", "struct Twice {};\n")
        self.assert_finds(headers.findings(self.root), "cli/a.h", "Twice")


class Form(Sample):
    def test_good_files_of_every_kind_are_left_alone(self):
        self.write("scripts/run", '#!/usr/bin/env bash\necho "$1"\n')
        self.write("tests/a.py", "value = 1\n")
        self.write("docs/man/sample.1", GOOD_PAGE)
        self.write("systemd/sample.service", (project.ROOT / "systemd/vpcwalld.service").read_text(encoding="utf-8"))
        for kind, findings in form.KINDS.items():
            with self.subTest(kind=kind):
                self.assertEqual(findings(self.root), [])

    def test_badly_formatted_code_is_found(self):
        self.write("lib/net/a.cpp", "int  a ;\n")
        self.assertIn("lib/net/a.cpp:1", form.format_findings(self.root)[0])

    def test_a_script_that_does_not_parse_is_found(self):
        self.write("scripts/run", "#!/usr/bin/env bash\nif true; then\n")
        self.assertIn("scripts/run", form.shell_findings(self.root)[0])

    def test_an_unquoted_variable_is_found(self):
        self.write("scripts/run", "#!/usr/bin/env bash\nrm $1\n")
        self.assert_finds(form.shell_findings(self.root), "scripts/run:2", "SC2086")

    def test_python_that_does_not_parse_is_found(self):
        self.write("tests/a.py", "def broken(:\n")
        self.assert_finds(form.python_findings(self.root), "tests/a.py:1")

    def test_a_manual_page_with_an_unknown_macro_is_found(self):
        self.write("docs/man/sample.1", GOOD_PAGE + ".Zz what\n")
        self.assertIn("docs/man/sample.1", form.manual_findings(self.root)[0])

    def test_no_manual_page_at_all_is_found(self):
        self.assert_finds(form.manual_findings(self.root), "docs/man")

    def test_an_unknown_setting_of_the_unit_is_found(self):
        self.write("systemd/sample.service", GOOD_UNIT + "Restarts=always\n")
        self.assertIn("Restarts", form.unit_findings(self.root)[0])

    def test_a_unit_that_cannot_be_loaded_is_found(self):
        self.write("systemd/sample.service", GOOD_UNIT.replace("ExecStart", "#ExecStart"))
        self.assertNotEqual(form.unit_findings(self.root), [])

    def test_a_unit_that_may_do_anything_is_found(self):
        self.write("systemd/sample.service", GOOD_UNIT)
        self.assert_finds(form.exposure_findings(self.root), "systemd/sample.service", "above 1.5")


class Tidy(Sample):
    def test_every_settings_file_from_the_folder_up_to_the_root_counts(self):
        ours = [self.write(name, "Checks: '*'\n") for name in ("tests/unit/.clang-tidy", "tests/.clang-tidy", ".clang-tidy")]
        self.write("lib/.clang-tidy", "Checks: '-*'\n")
        source = self.write("tests/unit/net/address_test.cpp", "")
        self.assertEqual(tidy.settings_of(source, self.root), ours)
        ours.pop(0).unlink()
        self.assertEqual(tidy.settings_of(source, self.root), ours)


class Package(Sample):
    def setUp(self):
        super().setUp()
        self.write("CMakeLists.txt", "project(sample VERSION 1.2.3 LANGUAGES CXX)\n")
        self.write("debian/changelog", "sample (1.2.3) unstable; urgency=medium\n")
        self.write("debian/control", "Build-Depends:\n debhelper-compat (= 13),\n cmake (>= 3.25),\n libone-dev,\n")
        self.write("scripts/setup", "packages=(\n  cmake libone-dev)\n")

    def test_packages_that_agree_are_fine(self):
        self.assertEqual(package.findings(self.root), [])

    def test_another_version_is_found(self):
        self.write("debian/changelog", "sample (1.2.4) unstable; urgency=medium\n")
        self.assert_finds(package.findings(self.root), "debian/changelog:1", "1.2.3")

    def test_a_build_dependency_that_setup_does_not_install_is_found(self):
        self.write("scripts/setup", "packages=(\n  cmake libone-develop)\n")
        self.assert_finds(package.findings(self.root), "debian/control", "libone-dev")


class Install(Sample):
    FILE = 'install(FILES config/daemon.yaml DESTINATION /etc/vpcwall)\n'

    def check(self, rules):
        self.write("config/daemon.yaml", "version: 1\n")
        self.write("cmake/install.cmake", rules)
        return install.findings(self.root)

    def test_our_own_rule_is_fine(self):
        own = (project.ROOT / "cmake/install.cmake").read_text(encoding="utf-8")
        begin, end = own.index("install(CODE "), own.index("]])\n") + len("]])\n")
        self.assertEqual(self.check(own[begin:end]), [])

    def test_settings_that_are_not_installed_are_found(self):
        self.assert_finds(self.check(""), "cmake/install.cmake", "is not installed")

    def test_an_edited_file_that_is_written_over_is_found(self):
        self.assert_finds(self.check(self.FILE), "writes over")

    def test_a_file_that_is_kept_in_silence_is_found(self):
        place = 'set(from "${PROJECT_SOURCE_DIR}/config/daemon.yaml")'.replace('"', r'\"')
        rules = '[[if(NOT EXISTS "$ENV{DESTDIR}/etc/vpcwall")\nfile(INSTALL "${from}" DESTINATION /etc/vpcwall)\nendif()]]'
        self.assert_finds(self.check(f'install(CODE "{place}")\ninstall(CODE {rules})\n'), "does not say")

    def test_rules_that_cmake_does_not_read_are_found(self):
        self.assert_finds(self.check("install(FILES\n"), "cmake/install.cmake")


class Documents(Sample):
    def test_a_link_to_a_file_that_exists_is_fine(self):
        self.write("README.md", "See [cli](cli/README.md#top), [web](https://example.com), [up](#top).\n")
        self.assertEqual(documents.findings(self.root), [])

    def test_a_dead_link_is_found(self):
        self.write("docs/README.md", "\nSee [it](../cli/missing.md).\n")
        self.assert_finds(documents.findings(self.root), "docs/README.md:2", "../cli/missing.md")

    def test_a_reference_to_a_manual_page_that_does_not_exist_is_found(self):
        self.write("docs/man/sample.1", GOOD_PAGE + ".Sh SEE ALSO\n.Xr vpcwall-missing 8\n")
        self.assert_finds(documents.findings(self.root), "docs/man/sample.1:8", "vpcwall-missing.8")


class Semantics(Sample):
    """One fact of each kind, two cases, a C++ test and a Python test."""

    HEAD = "| Fact | What vpcwall does | Ground | Status | Proved by |\n|---|---|---|---|---|\n"
    N_3 = "| N-3 | It forgets. | documented [acl] | does | T-001, T-002, `Flow.Forgets` |\n"
    C_1 = "| C-1 | It remembers. | choice | in part | `test_flow.py::test_it` |\n"
    MYTH = "| Fact | It is said | Right is | Facts | For example |\n|---|---|---|---|---|\n"
    X_1 = "| X-1 | It remembers. | It forgets. | N-3 | T-002 |\n"
    TAIL = "[acl]: https://example.com/acl\n"

    def setUp(self):
        super().setUp()
        self.write("tests/conformance/cases.json", '{"cases": [{"id": "T-001", "covers": ["N-3"]}]}')
        self.write("tests/conformance/acl.yaml", "cases:\n  - id: T-002\n    covers: [N-3]\n")
        self.write("tests/unit/flow/flow_test.cpp", "// N-3\nTEST_F(Flow,\n       Forgets) {}\n")
        self.write("tests/system/test_flow.py", "def test_it():\n    pass\n")
        self.write("tests/scenarios/flow.yaml", "cases:\n  - id: forgets\n    covers: [N-3]\n")

    def check(self, *tables, tail=TAIL):
        self.write("docs/semantics.md", "".join(f"{table}\n" for table in (*tables, tail)))
        return semantics.findings(self.root)

    def test_a_document_in_order_is_fine(self):
        self.assertEqual(self.check(self.HEAD + self.N_3 + self.C_1, self.MYTH + self.X_1), [])

    def test_no_document_is_found(self):
        self.assert_finds(semantics.findings(self.root), "docs/semantics.md")

    def test_a_second_row_of_a_fact_is_found(self):
        self.assert_finds(self.check(self.HEAD + self.N_3 + self.C_1 + self.C_1), ":5:", "C-1", "line 4")

    def test_a_row_of_another_length_is_found(self):
        found = self.check(self.HEAD + self.N_3 + "| C-1 | short |\n")
        self.assertIn("docs/semantics.md:4: 2 cells under 5 columns", found)

    def test_a_row_without_a_number_is_found(self):
        self.assert_finds(self.check(self.HEAD + self.N_3 + self.C_1.replace("C-1", "C1")), "C1")

    def test_a_scenario_of_our_own_is_a_proof(self):
        row = self.C_1.replace("`test_flow.py::test_it`", "`flow.yaml::forgets`")
        self.assertEqual(self.check(self.HEAD + self.N_3 + row), [])

    def test_a_proof_that_does_not_exist_is_found(self):
        for proof in ("`Flow.Forgot`", "`test_flow.py::test_that`", "`test_floe.py::test_it`", "`flow.yaml::forgot`"):
            with self.subTest(proof=proof):
                row = self.C_1.replace("`test_flow.py::test_it`", proof)
                self.assert_finds(self.check(self.HEAD + self.N_3 + row), "C-1: no test", proof)

    def test_a_proof_of_no_known_form_is_found(self):
        row = self.C_1.replace("`test_flow.py::test_it`", "Flow.Forgets")
        self.assert_finds(self.check(self.HEAD + self.N_3 + row), "C-1", "'Flow.Forgets'")

    def test_a_promise_without_proof_is_found(self):
        row = self.C_1.replace("`test_flow.py::test_it`", "")
        self.assert_finds(self.check(self.HEAD + self.N_3 + row), "C-1", "no proof")
        self.assertEqual(self.check(self.HEAD + self.N_3 + row.replace("in part", "not built")), [])

    def test_a_reason_may_stand_for_a_proof(self):
        row = self.C_1.replace("`test_flow.py::test_it`", "not testable: nobody lives for a century, or two")
        self.assertEqual(self.check(self.HEAD + self.N_3 + row), [])
        row = self.C_1.replace("`test_flow.py::test_it`", "not testable: ")
        self.assert_finds(self.check(self.HEAD + self.N_3 + row), "C-1")

    def test_the_proof_of_another_fact_must_be_one(self):
        row = self.C_1.replace("`test_flow.py::test_it`", "as N-3")
        self.assertEqual(self.check(self.HEAD + self.N_3 + row), [])
        circle = row.replace("C-1", "C-2").replace("N-3", "C-1")
        self.assert_finds(self.check(self.HEAD + self.N_3 + row + circle), "C-2", "C-1", "names no test")

    def test_an_unknown_ground_or_status_is_found(self):
        self.assert_finds(self.check(self.HEAD + self.N_3 + self.C_1.replace("choice", "hope")), "C-1", "ground")
        self.assert_finds(self.check(self.HEAD + self.N_3 + self.C_1.replace("in part", "done")), "C-1", "status")

    def test_cases_other_than_those_that_cover_the_fact_are_found(self):
        for wrong in ("T-001", "T-002, T-001", "T-001 to T-002"):
            with self.subTest(cases=wrong):
                row = self.N_3.replace("T-001, T-002", wrong)
                self.assert_finds(self.check(self.HEAD + row), "N-3", "--write")

    def test_a_case_that_does_not_exist_is_found(self):
        found = self.check(self.HEAD + self.N_3.replace("T-002", "T-003"))
        self.assertIn("docs/semantics.md:3: N-3: no conformance case T-003", found)

    def test_a_covered_fact_without_a_row_is_found(self):
        self.write("tests/conformance/more.yaml", "- id: T-003\n  covers: [N-3,\n    N-4]\n")
        row = self.N_3.replace("T-001, T-002", "T-001 to T-003")
        found = self.check(self.HEAD + row)
        self.assertEqual(len(found), 2, found)  # as a case and as a citation
        self.assertIn("T-003 covers N-4, which has no row", found[0])
        self.assertIn("more.yaml:3: N-4", found[1])

    def test_a_case_that_covers_nothing_is_found(self):
        self.write("tests/conformance/more.yaml", "- id: T-003\n  covers: []\n")
        self.assert_finds(self.check(self.HEAD + self.N_3), "T-003 covers no fact")

    def test_every_way_to_write_a_list_is_read(self):
        for text in (
            "- id: T-001\n  covers: [N-3, C-1]\n- id: T-002\n  covers: [N-4]\n",
            "- id: \"T-001\"\n  title: x\n  covers:\n    - N-3\n    - C-1\n  steps: []\n- id: T-002\n  covers:\n  - N-4\n",
            "# covers: [N-9]\n- {id: T-001, covers: [N-3, C-1]}\n- {id: T-002, covers: ['N-4']}\n",
        ):
            with self.subTest(text=text):
                self.assertEqual(semantics.cases_of_yaml(text), [("T-001", ["N-3", "C-1"]), ("T-002", ["N-4"])])

    def test_a_cited_fact_without_a_row_is_found(self):
        self.write("lib/flow/flow.h", "// S-68\n// AES-256, IPv6-1, UTF-8\n")
        self.assert_finds(self.check(self.HEAD + self.N_3), "lib/flow/flow.h:1", "S-68")
        found = self.check(self.HEAD + self.N_3 + self.C_1.replace("remembers", "remembers: S-68"))
        self.assertIn("docs/semantics.md:4: S-68 has no row", found)

    def test_an_address_that_is_missing_or_not_used_is_found(self):
        self.assert_finds(self.check(self.HEAD + self.N_3, tail=""), "N-3", "[acl]")
        self.assert_finds(self.check(self.HEAD + self.N_3, tail=self.TAIL + "[old]: https://example.com\n"), "[old]")

    def test_an_example_that_shows_something_else_is_found(self):
        myth = self.X_1.replace("| N-3 |", "| C-1 |")
        self.assert_finds(self.check(self.HEAD + self.N_3 + self.C_1, self.MYTH + myth), "X-1", "T-002", "C-1")
        myth = self.X_1.replace("T-002", "")
        self.assert_finds(self.check(self.HEAD + self.N_3, self.MYTH + myth), "X-1", "no example")

    def test_writing_fills_in_the_cases_and_keeps_the_rest(self):
        stale = self.HEAD + self.N_3.replace("T-001, T-002, ", "T-009, ") + self.C_1 + "\n" + self.MYTH + self.X_1
        self.write("docs/semantics.md", f"# Facts\n\n{stale}\n{self.TAIL}")
        written = semantics.Check(self.root).written()
        fresh = self.HEAD + self.N_3 + self.C_1 + "\n" + self.MYTH + self.X_1
        self.assertEqual(written, f"# Facts\n\n{fresh}\n{self.TAIL}")

    def test_neighbours_are_shown_as_a_run(self):
        self.assertEqual(semantics.shown(["T-012", "T-003", "T-001", "T-002", "T-011"]), "T-001 to T-003, T-011, T-012")


if __name__ == "__main__":
    unittest.main()
