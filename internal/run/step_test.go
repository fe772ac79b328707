package run

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

// Who may have to end the run by force is told what would then be certain.
func TestSteps(t *testing.T) {
	tests := []struct {
		name, source string
		dry          bool
		most         string
		want         []string
	}{
		{"commit", `M:dele(1) M:dele(2) M:quit()`, false, "all", []string{"0 unknown 2", "0 committed 2"}},
		{"the second session", `pop3.with({host = "x", tls = false}, function(N) N:user("mrose") N:pass_("tanstaaf") N:dele(3) end) M:close()`, false, "all", []string{"1 unknown 1", "1 committed 1"}},
		{"nothing marked", `M:dele(1) M:rset() M:quit()`, false, "all", nil},
		{"dry run", `M:dele(1) M:quit()`, true, "all", nil},
		{"no grant", `M:dele(1) M:quit()`, false, "0", nil},
		{"beyond the cap", `M:dele(1) M:dele(2) M:quit()`, false, "1", nil},
		{"no quit", `M:dele(1)`, false, "all", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(mail(3), nil)
			defer s.stop()
			var got []string
			o := s.options(t, tt.source)
			o.DryRun, o.Policy.Delete = tt.dry, allow(t, tt.most)
			o.Step = func(step Step) {
				got = append(got, fmt.Sprint(step.Session, " ", step.SoFar.Outcome, " ", step.SoFar.Delete))
				if quit := s.heardVerb("QUIT"); quit != (step.SoFar.Outcome == "committed") || len(step.SoFar.Plan) != 0 {
					t.Errorf("got step %+v with QUIT sent: %v", step, quit)
				}
			}
			perform(t, context.Background(), o)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got steps %q, want %q", got, tt.want)
			}
		})
	}
}
