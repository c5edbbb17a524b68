namespace Amalgam.Runtime.Templates;

/// <summary>Jinja's tests: <c>x is NAME</c>.</summary>
internal static class Tests
{
    public static bool Holds(string name, object? value, CallArguments arguments) => name switch
    {
        "defined" => value is not Undefined,
        "undefined" => value is Undefined,
        "none" => value is null,
        "string" => value is string,
        "mapping" => value is TemplateMap,
        "sequence" => value is List<object?> or string or TemplateMap,
        "iterable" => value is List<object?> or string or TemplateMap or Undefined,
        "number" => value is long or double or bool,
        "integer" => value is long,
        "float" => value is double,
        "boolean" => value is bool,
        "true" => value is true,
        "false" => value is false,
        "callable" => value is TemplateFunction,
        "odd" => value is long odd && (odd & 1) == 1,
        "even" => value is long even && (even & 1) == 0,
        "divisibleby" => value is long number && arguments.Get(0) is long divisor and not 0 && number % divisor == 0,
        "lower" => value is string lower && lower.Any(char.IsLetter) && !lower.Any(char.IsUpper),
        "upper" => value is string upper && upper.Any(char.IsLetter) && !upper.Any(char.IsLower),
        "equalto" or "eq" or "sameas" => Values.Equals(value, arguments.Get(0)),
        "ne" => !Values.Equals(value, arguments.Get(0)),
        "lt" or "lessthan" => Values.Compare(value, arguments.Get(0), arguments.Line) < 0,
        "le" => Values.Compare(value, arguments.Get(0), arguments.Line) <= 0,
        "gt" or "greaterthan" => Values.Compare(value, arguments.Get(0), arguments.Line) > 0,
        "ge" => Values.Compare(value, arguments.Get(0), arguments.Line) >= 0,
        "in" => Values.Contains(arguments.Get(0), value, arguments.Line),
        _ => throw arguments.Error($"the test '{name}' is not supported"),
    };
}
