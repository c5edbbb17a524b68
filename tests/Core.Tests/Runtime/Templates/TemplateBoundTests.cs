using System.Text.Json;
using Amalgam.Runtime.Templates;
using Xunit;

namespace Core.Tests.Runtime.Templates;

/// <summary>A template comes with a model file from anywhere; it must not hang or fill the machine.</summary>
public sealed class TemplateBoundTests
{
    [Theory]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}")]
    [InlineData("{{ 'x' * 1000000000 }}")]
    [InlineData("{% set ns = namespace(t='xxxxxxxx') %}{% for i in range(64) %}{% set ns.t = ns.t + ns.t %}{% endfor %}")]
    [InlineData("{% set ns = namespace(t='xxxxxxxx') %}{% for i in range(64) %}{% set ns.t = ns.t|replace('x', 'xxxxxxxx') %}{% endfor %}")]
    [InlineData("{% set ns = namespace(t=[1]) %}{% for i in range(64) %}{% set ns.t = ns.t + ns.t %}{% endfor %}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{{ range(0, 9223372036854775807)|length }}")]
    [InlineData("{{ 9223372036854775807 + 1 }}")]
    public void One_that_never_ends_or_never_stops_growing_is_ended(string template) =>
        Assert.Throws<TemplateException>(() => Render(template));

    [Theory]
    [InlineData("line one\n{{ 1 +\n }}", "line 3")]
    [InlineData("a\nb\n{% if x %}", "line 3")]
    [InlineData("\n\n{{ missing.x }}", "line 3")]
    public void The_message_names_the_line(string template, string line) =>
        Assert.Contains(line, Assert.Throws<TemplateException>(() => Render(template)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData('(', ')')]
    [InlineData('[', ']')]
    public void Deep_nesting_is_refused_and_does_not_overflow(char open, char close) =>
        Assert.Throws<TemplateException>(() => Render("{{ " + new string(open, 100_000) + "1" + new string(close, 100_000) + " }}"));

    [Fact]
    public void Statements_nested_too_deep_are_refused() =>
        Assert.Throws<TemplateException>(() => Render(string.Concat(Enumerable.Repeat("{% if true %}", 10_000))));

    [Fact]
    public void A_long_chain_of_operators_is_refused_and_does_not_overflow() =>
        Assert.Throws<TemplateException>(() => Render("{{ 1" + string.Concat(Enumerable.Repeat("+1", 200_000)) + " }}"));

    [Fact]
    public void A_refusal_of_the_template_itself_is_marked()
    {
        var error = Assert.Throws<TemplateException>(() => Render("{{ raise_exception('roles must alternate') }}"));
        Assert.True(error.RaisedByTemplate);
        Assert.Contains("roles must alternate", error.Message, StringComparison.Ordinal);
    }

    private static string Render(string template) =>
        ChatTemplate.Parse(template).Render(JsonDocument.Parse("[]").RootElement, default, DateTimeOffset.UnixEpoch);
}
