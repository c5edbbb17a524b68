using System.Globalization;
using System.Text;
using Amalgam.Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Pages.Frame;

/// <summary>A view with what it shows.</summary>
public sealed record Sight(string Title, Type View, Dictionary<string, object?> Parameters, int Status = 200)
{
    public static Sight Of<TView>(string title, params (string Name, object? Value)[] parameters) where TView : IComponent =>
        new(title, typeof(TView), parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value));
}

/// <summary>One request of somebody who is signed in. Parameters are bound before filters run: the door fills in who it is, before any page sees it.</summary>
public sealed class Visit
{
    private const string Key = "amalgam.visit";

    private Visit(HttpContext http) => Http = http;

    public HttpContext Http { get; }

    public CloudApi Api { get; private set; } = null!;

    public Look Look { get; private set; } = null!;

    private Painter Painter { get; set; } = null!;

    public CancellationToken Left => Http.RequestAborted;

    public static ValueTask<Visit> BindAsync(HttpContext context) => ValueTask.FromResult(Of(context));

    public static Visit Of(HttpContext context)
    {
        if (context.Items[Key] is not Visit visit)
        {
            context.Items[Key] = visit = new Visit(context);
        }

        return visit;
    }

    public Visit By(CloudApi api, Look look, Painter painter)
    {
        (Api, Look, Painter) = (api, look, painter);
        return this;
    }

    public string T(string text) => Look.T(text);

    /// <summary>The whole page; or, asked for `text/event-stream`, the same page again each time it has become another.</summary>
    public async Task<IResult> ShowAsync(Func<Task<Sight>> sight) =>
        Http.Request.Headers.Accept.ToString().StartsWith("text/event-stream", StringComparison.Ordinal)
            ? new LiveResult(this, Painter, sight)
            : await Painter.PageAsync(Look, await sight());

    public Task<IResult> ShowAsync(Sight sight) => Painter.PageAsync(Look, sight);

    /// <summary>What the cloud refused, on a page of its own.</summary>
    public Task<IResult> RefusedAsync(string problem, int status) =>
        Painter.PageAsync(Look, Sight.Of<NoticeView>(T("That did not work"), ("Problem", problem)) with { Status = status is >= 400 and < 600 ? status : 502 });

    /// <summary>To another page, which tells what was done.</summary>
    public IResult Go(string path, string? done = null)
    {
        if (done is not null)
        {
            Http.Response.Cookies.Append("amalgam-done", Convert.ToBase64String(Encoding.UTF8.GetBytes(done)), new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = TimeSpan.FromMinutes(1) });
        }

        return Results.Redirect(path);
    }

    public async Task<Form> FormAsync() => new(await Http.Request.ReadFormAsync(Left));

    /// <summary>The stock, by which classes get their colours.</summary>
    public async Task<IReadOnlyList<ChipView>> ChipsAsync()
    {
        var chips = (await Api.GetAsync<IReadOnlyList<ChipView>>("/api/v1/chips")).Value ?? [];
        ClassColours.Learn(chips.Select(chip => chip.ChipClass));
        return chips;
    }
}

/// <summary>What a form sent, in the kinds that requests want. A field that cannot be read is told by its label, all at once.</summary>
public sealed class Form(IFormCollection fields)
{
    public List<string> Problems { get; } = [];

    public string? Text(string name) => fields[name].ToString().Trim() is { Length: > 0 } text ? text : null;

    public IReadOnlyList<string> All(string name) => [.. fields[name].Select(value => value?.Trim() ?? "").Where(value => value.Length > 0)];

    public bool Has(string name) => Text(name) is not null;

    public int Whole(string name, string label, int otherwise)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Problems.Add($"{label}: '{Clip(text)}' is not a whole number");
        return otherwise;
    }

    public decimal? Number(string name, string label)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (decimal.TryParse(text.Replace(',', '.'), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Problems.Add($"{label}: '{Clip(text)}' is not a number");
        return null;
    }

    private static string Clip(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
