package house_test

import (
	_ "embed"
	"strings"
	"testing"
)

// rules are all there are.
var rules = []func(tree) []fault{
	checkFloors, checkSides, checkDoors, checkUses, checkDependencies,
	checkPackageComments, checkDocs, checkFileSizes, checkFuncSizes,
	checkTopLevel, checkFileNames, checkTypeNames, checkMap, checkElsewhere,
}

// check holds every rule against a tree.
func check(files map[string]string) []fault {
	t, faults := newTree(files)
	for _, rule := range rules {
		faults = append(faults, rule(t)...)
	}
	return faults
}

func TestHouseRules(t *testing.T) {
	files := readTree(t)
	if _, ok := files["internal/house/house_test.go"]; !ok {
		t.Fatal("the tree was not read: this file is not in it")
	}
	for _, f := range check(files) {
		t.Error(f)
	}
}

//go:embed testdata/sound.txt
var soundText string

// soundHouse returns a small house without a fault: the sections of a text
// file, each after a line "-- path --".
func soundHouse() map[string]string {
	// No file may hold this path, so that not even the text can.
	files := map[string]string{"internal/run/testdata/a.eml": "Received: from /home" + "/someone\n"}
	for section := range strings.SplitSeq(soundText, "\n-- ") {
		if name, text, ok := strings.Cut(section, " --"); ok {
			files[name] = strings.TrimPrefix(text, "\n") + "\n"
		}
	}
	return files
}

func TestSoundHouseHasNoFault(t *testing.T) {
	for _, f := range check(soundHouse()) {
		t.Error(f)
	}
}

// plant is a file that breaks one rule, and the report of it.
type plant struct{ path, text, want string }

// TestPlantedFaults plants one fault at a time in the sound house: that one is
// reported, and nothing else.
func TestPlantedFaults(t *testing.T) {
	for _, plants := range [][]plant{importPlants, usePlants, docPlants, sizePlants, namePlants} {
		for _, p := range plants {
			files := soundHouse()
			files[p.path] = p.text
			var got []string
			for _, f := range check(files) {
				got = append(got, f.String())
			}
			if len(got) != 1 || got[0] != p.want {
				t.Errorf("planted %s\ngot  %s\nwant %s", p.path, strings.Join(got, "\n     "), p.want)
			}
		}
	}
}
