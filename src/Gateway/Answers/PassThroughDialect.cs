using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Amalgam.Gateway.Errors;
using Amalgam.Gateway.Requests;

namespace Amalgam.Gateway.Answers;

/// <summary>
/// OpenAI in, OpenAI out: chunks pass byte for byte except for three fields. The served name replaces the replica's model name, running
/// progress is taken out, and usage moves from wherever the replica put it to one chunk before `[DONE]`, if the client asked for it.
/// </summary>
internal sealed class PassThroughDialect(AnswerContext context) : IAnswerDialect
{
    private static readonly ReadOnlyMemory<byte> Null = "null"u8.ToArray();
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private byte[]? _id;
    private byte[]? _created;
    private byte[]? _usage;

    public void WriteChunk(IBufferWriter<byte> output, ReadOnlySpan<byte> data, in AnswerScan scan)
    {
        if (_id is null && scan.Id.Present) _id = Copy(data, scan.Id);
        if (_created is null && scan.Created.Present) _created = Copy(data, scan.Created);
        if (scan.HasUsage && context.IncludeUsage) _usage = Copy(data, scan.UsageField);
        if (scan.HasUsage && !scan.HasChoices) return;
        output.Write("data: "u8);
        Edits(scan, keepUsage: context.ContinuousUsage).Write(output, data);
        output.Write("\n\n"u8);
    }

    public void WriteEnd(IBufferWriter<byte> output, in Settled settled)
    {
        if (context.IncludeUsage) WriteUsageChunk(output, settled);
        output.Write("data: [DONE]\n\n"u8);
    }

    public void WriteError(IBufferWriter<byte> output, ApiError error)
    {
        output.Write("data: "u8);
        ErrorAnswer.WriteJson(output, error);
        output.Write("\n\n"u8);
    }

    public void WriteBody(IBufferWriter<byte> output, ReadOnlySpan<byte> body, in AnswerScan scan, in Settled settled) =>
        Edits(scan, keepUsage: true).Write(output, body);

    private SpliceList Edits(in AnswerScan scan, bool keepUsage)
    {
        var edits = default(SpliceList);
        if (scan.Model.Present) edits.Add(new Splice(scan.Model.Start, scan.Model.Length, context.ModelJson));
        if (scan.HasUsage && !keepUsage) edits.Add(Removed(scan.UsageField));
        if (scan.Amalgam.Present) edits.Add(Removed(scan.Amalgam));
        return edits;
    }

    /// <summary>A property goes with the comma before it. The first one has none: its value becomes null, which every client reads as absent.</summary>
    private static Splice Removed(AnswerScan.Field field) => field.CommaStart > 0
        ? new Splice(field.CommaStart, field.End - field.CommaStart, default)
        : new Splice(field.Start, field.Length, Null);

    private void WriteUsageChunk(IBufferWriter<byte> output, in Settled settled)
    {
        output.Write("data: "u8);
        using (var json = new Utf8JsonWriter(output, Plain))
        {
            json.WriteStartObject();
            json.WritePropertyName("id");
            json.WriteRawValue(_id ?? "\"\""u8, skipInputValidation: true);
            json.WriteString("object", context.ChunkObject);
            json.WritePropertyName("created");
            json.WriteRawValue(_created ?? JsonSerializer.SerializeToUtf8Bytes(context.CreatedUnixSeconds, GatewayJson.Default.Int64), skipInputValidation: true);
            json.WriteString("model", context.Model);
            json.WriteStartArray("choices");
            json.WriteEndArray();
            json.WritePropertyName("usage");
            if (_usage is not null) json.WriteRawValue(_usage, skipInputValidation: true);
            else WriteUsage(json, settled.Counts);
            WriteCharge(json, settled);
            json.WriteEndObject();
        }
        output.Write("\n\n"u8);
    }

    private static void WriteUsage(Utf8JsonWriter json, TokenCounts counts)
    {
        json.WriteStartObject();
        json.WriteNumber("prompt_tokens", counts.Input);
        json.WriteNumber("completion_tokens", counts.Output);
        json.WriteNumber("total_tokens", counts.Input + counts.Output);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", counts.CachedInput);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>An extension field that the official clients skip: headers left long before the charge was known.</summary>
    private static void WriteCharge(Utf8JsonWriter json, in Settled settled)
    {
        json.WriteStartObject("amalgam");
        json.WriteString("charge_id", settled.Receipt.ChargeId);
        json.WriteString("charge", Money.Format(settled.Receipt.AmountNano));
        json.WriteString("currency", settled.Receipt.Currency);
        json.WriteString("chip_class", settled.ChipClass);
        json.WriteString("replica", settled.LeaseId);
        json.WriteBoolean("estimated", settled.Counts.Estimated);
        json.WriteEndObject();
    }

    private static byte[] Copy(ReadOnlySpan<byte> data, AnswerScan.Field field) => data.Slice(field.Start, field.Length).ToArray();
}

/// <summary>Nano-units as a decimal text, exact: 1234 is `0.000001234`.</summary>
internal static class Money
{
    public static string Format(long nano)
    {
        var sign = nano < 0 ? "-" : "";
        var absolute = (UInt128)Int128.Abs(nano);
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{absolute / 1_000_000_000}.{(long)(absolute % 1_000_000_000):D9}");
    }
}
