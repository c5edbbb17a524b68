using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>Reads the fields of a request and refuses wrong ones with their name. A field that is null counts as not given.</summary>
internal readonly struct RequestFields
{
    private readonly JsonElement body;

    public RequestFields(JsonElement body)
    {
        this.body = body.ValueKind == JsonValueKind.Object
            ? body
            : throw new RefusedException(400, "The request body must be a JSON object.", code: "invalid_json");
    }

    public bool TryGet(string name, [NotNullWhen(true)] out JsonElement value) =>
        body.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    public JsonElement Required(string name) => TryGet(name, out var value)
        ? value
        : throw RefusedException.Invalid(name, $"'{name}' is missing; every request of this kind needs it.", "missing_required_parameter");

    public string? Text(string name) => !TryGet(name, out var value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw WrongType(name, "a text", value);

    public bool Flag(string name) => TryGet(name, out var value) && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw WrongType(name, "true or false", value),
    };

    public double Number(string name, double otherwise, double least, double most)
    {
        if (!TryGet(name, out var value))
        {
            return otherwise;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            throw WrongType(name, "a number", value);
        }

        var number = value.GetDouble();
        return number >= least && number <= most
            ? number
            : throw RefusedException.Invalid(name, $"'{name}' is {value.GetRawText()}; it must be from {least} to {most}.");
    }

    public long? Integer(string name, long least, long most)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            throw WrongType(name, "a whole number", value);
        }

        return value.TryGetInt64(out var number) && number >= least && number <= most
            ? number
            : throw RefusedException.Invalid(name, $"'{name}' is {value.GetRawText()}; it must be a whole number from {least} to {most}.");
    }

    /// <summary>Refuses a field that asks for something this runtime does not do; an empty list, an empty text or false asks for nothing.</summary>
    public void Refuse(string name, string why)
    {
        if (TryGet(name, out var value) && value.ValueKind != JsonValueKind.False
            && !(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0)
            && !(value.ValueKind == JsonValueKind.String && value.GetString()!.Length == 0))
        {
            throw RefusedException.Unsupported(name, why);
        }
    }

    public static RefusedException WrongType(string name, string wanted, JsonElement found) =>
        RefusedException.Invalid(name, $"'{name}' must be {wanted}, not {Describe(found)}.", "invalid_type");

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a truth value",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        _ => "null",
    };
}
