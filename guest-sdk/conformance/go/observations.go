package main

import (
	"bytes"
	"errors"
	"math"
	"strings"

	"executor.local/guest/executor"
)

var strategies = map[string]executor.Strategy{
	"median": executor.Median, "min": executor.Min, "max": executor.Max, "trimmed-mean": executor.TrimmedMean,
	"identical": executor.Identical, "mode": executor.Mode, "single": executor.Single, "union": executor.Union,
	"intersection": executor.Intersection, "frequency": executor.Frequency, "common-prefix": executor.CommonPrefix,
	"common-suffix": executor.CommonSuffix,
	"fields":        executor.Fields(map[string]executor.Strategy{"price": executor.Median, "venue": executor.Mode}),
}

func observed(name, given string) (string, error) {
	value, err := executor.Observe(strategies[name], func() (any, error) {
		switch name {
		case "fields":
			price, venue, _ := strings.Cut(given, " ")
			return map[string]any{"price": price, "venue": venue}, nil
		case "union", "intersection", "frequency", "common-prefix", "common-suffix":
			return lines(given), nil
		}
		return given, nil
	})
	items := value.Items
	switch {
	case err != nil:
		return "", err
	case name == "fields":
		return strings.Join(items(), " "), nil
	case name == "frequency":
		var made []string
		for i, count := range items() {
			made = append(made, value.Names()[i]+"="+count)
		}
		return strings.Join(made, "\n"), nil
	case name == "union" || name == "intersection" || strings.HasPrefix(name, "common"):
		return strings.Join(items(), "\n"), nil
	}
	return value.Text(), nil
}

func failing(code string) func() (any, error) {
	return func() (any, error) { return nil, executor.NewError(code, "the look fails") }
}

var tenth, fifth = 0.1, 0.2

var commands = map[string]command{
	"observe": func(rest []byte) ([]byte, error) {
		name, given, _ := bytes.Cut(rest, []byte("\n"))
		return text(observed(string(name), string(given)))
	},
	"bytes": func(rest []byte) ([]byte, error) {
		return agreed(executor.Identical, func() (any, error) { return rest, nil })
	},
	"label": func(rest []byte) ([]byte, error) {
		given := words(rest)
		value, err := executor.Observe(executor.Median.Label(given[0]).Default(given[1]), failing(given[2]))
		if value.IsDefault {
			return text("default "+value.Text(), err)
		}
		return text("value "+value.Text(), err)
	},
	"catch": func(rest []byte) ([]byte, error) {
		value, err := executor.Observe(executor.Median, func() (any, error) { return string(rest), nil })
		if err != nil {
			return text("caught "+executor.CodeOf(err), nil)
		}
		return text("agreed "+value.Text(), nil)
	},
	"sequence": func([]byte) ([]byte, error) {
		var seen []string
		for i := range 3 {
			strategy := executor.Median
			if i == 2 {
				strategy = executor.Identical
			}
			value, err := executor.Observe(strategy, func() (any, error) {
				if i == 2 {
					return strings.Join(seen, ","), nil
				}
				if i == 0 {
					return 1, nil
				}
				first, err := executor.ParseDecimal(seen[0])
				return first.Add(executor.DecimalOfInt(1)), err
			})
			if err != nil {
				return nil, err
			}
			seen = append(seen, value.Text())
		}
		return text(strings.Join(seen, " "), nil)
	},
	"nested": func([]byte) ([]byte, error) {
		return agreed(executor.Median, func() (any, error) {
			value, err := executor.Observe(executor.Median, func() (any, error) { return 1, nil })
			return value.Text(), err
		})
	},
	"code": func(rest []byte) ([]byte, error) { return agreed(executor.Median, failing(string(rest))) },
	"throws": func([]byte) ([]byte, error) {
		return agreed(executor.Median, func() (any, error) { return nil, errors.New("no") })
	},
	"traps": func([]byte) ([]byte, error) {
		return agreed(executor.Median, func() (any, error) {
			trap()
			return nil, nil
		})
	},
	"spins": func([]byte) ([]byte, error) {
		return agreed(executor.Median, func() (any, error) {
			for {
			}
		})
	},
	"number": func([]byte) ([]byte, error) {
		return agreed(executor.Median, func() (any, error) { return tenth + fifth, nil })
	},
	"numbers": func([]byte) ([]byte, error) {
		for _, each := range []float64{1e21, -1.5e-7, 5e-324, 1 << 53, math.Copysign(0, -1), 100} {
			if _, err := executor.Observe(executor.Median, func() (any, error) { return each, nil }); err != nil {
				return nil, err
			}
		}
		return text("done", nil)
	},
}
