--[[
Carries the HTML of a plan into Typst: each class becomes a call of a function of plan.typ.

Text reaches Typst only as string literals, never as markup, so what a client is called or what
an analyst typed cannot be read as Typst code wherever it stands.
]]

-- Text width of the page, A4 less its margins.
local PAGE_WIDTH = 470
-- Space on both sides of a cell, in units of the type size.
local CELL_PADDING = 1.2
-- What a text column needs more after a number column, whose figures end where it begins.
local TEXT_AFTER_NUMBER = 1.2
-- What is tried until a table fits: text columns up to `comfort` wide, in one of the type sizes.
local LAYOUTS = {
  { comfort = 16, sizes = { 9.25, 8.75 } },
  { comfort = 13, sizes = { 9.25, 8.75, 8.25 } },
  { comfort = 10.5, sizes = { 8.5, 8 } },
  { comfort = 8, sizes = { 8.25, 7.75, 7.5 } },
  { comfort = 6, sizes = { 7.75, 7.5 } },
}
local SMALLEST = 7
-- Width is given to columns in steps of this, in units of the type size.
local STEP = 0.25
local KEEP_TOGETHER = 10
-- Runs of letters and figures this long, such as digests, would stick out of their column.
local LONG_RUN = 32

local function quoted(text)
  local escapes = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
  return '"' .. text:gsub('[\\"\n\r\t]', escapes) .. '"'
end

-- Text as Typst code, with a zero-width space wherever an over-long run may be broken.
local function literal(text)
  local breakable = text:gsub("%w+", function(run)
    return #run >= LONG_RUN and run:gsub("%w%w%w%w%w%w%w%w", "%0\u{200B}") or nil
  end)
  return "#" .. quoted(breakable) .. ";"
end

local function raw(code)
  return pandoc.RawInline("typst", code)
end

-- The text of inlines that are nothing but text, else nil.
local function plain_text(inlines)
  local text = {}
  for index, inline in ipairs(inlines) do
    local tag = inline.t
    if tag == "Str" then
      text[index] = inline.text
    elseif tag == "Space" or tag == "SoftBreak" then
      text[index] = " "
    else
      return nil
    end
  end
  return table.concat(text)
end

-- A call as one paragraph-free piece: strings are code, lists of inlines become [content].
local function call(parts)
  local inlines, code = pandoc.Inlines({}), {}
  for _, part in ipairs(parts) do
    local text = type(part) ~= "string" and plain_text(part)
    if type(part) == "string" then
      code[#code + 1] = part
    elseif text then
      code[#code + 1] = "[" .. (text ~= "" and literal(text) or "") .. "]"
    else
      code[#code + 1] = "["
      inlines:insert(raw(table.concat(code)))
      inlines:extend(part)
      code = { "]" }
    end
  end
  inlines:insert(raw(table.concat(code)))
  return pandoc.Plain(inlines)
end

local function flat(blocks)
  return pandoc.utils.blocks_to_inlines(blocks, { pandoc.LineBreak() })
end

local function has(element, class)
  return element.classes and element.classes:includes(class)
end

local function found(blocks, tag, class)
  local match
  blocks:walk({
    [tag] = function(element)
      if not match and (not class or has(element, class)) then
        match = element
      end
    end,
  })
  return match
end

local function found_inlines(blocks, tag, class)
  local element = found(blocks, tag, class)
  if not element then
    return nil
  end
  return tag == "Div" and flat(element.content) or element.content
end

-- The (term, value) pairs of a description list, as the arguments of `facts`.
local function facts(blocks, parts)
  local list = found(blocks, "DefinitionList")
  parts[#parts + 1] = "facts: ("
  for _, item in ipairs(list and list.content or {}) do
    parts[#parts + 1] = "("
    parts[#parts + 1] = item[1]
    parts[#parts + 1] = ","
    parts[#parts + 1] = flat(item[2][1])
    parts[#parts + 1] = "),"
  end
  parts[#parts + 1] = ")"
end

-- Width of a character in units of the type size.
local function advance(code)
  if code >= 0x2E80 then
    return 1
  elseif code == 0x20 then
    return 0.22
  elseif code >= 0x41 and code <= 0x5A then
    return 0.66
  elseif code == 0x2C or code == 0x2E or code == 0x3A or code == 0x69 or code == 0x6C then
    return 0.3
  end
  return 0.57
end

-- Whether Typst sets a quarter of an em between two characters: one Chinese, one not.
local function is_spaced(one, other)
  local function is_letter(code)
    return code and code ~= 0x20 and not (code >= 0x3000 and code <= 0x303F) and code < 0xFF00
  end
  return is_letter(one) and is_letter(other) and (one >= 0x2E80) ~= (other >= 0x2E80)
end

local function width(text)
  local sum, last = 0, nil
  for _, code in utf8.codes(text) do
    sum = sum + advance(code) + (is_spaced(last, code) and 0.25 or 0)
    last = code
  end
  return sum
end

-- Headings and totals are bold, which runs wider.
local BOLD = 1.06

-- The widest piece no line break may fall into: a Chinese character or a run of others.
local function longest_word(text)
  local longest, word = 0, 0
  for _, code in utf8.codes(text) do
    local breaks = code == 0x20 or code == 0x2F or code == 0x2D
    word = (breaks or code >= 0x2E80) and 0 or word + advance(code)
    longest = math.max(longest, word, code >= 0x2E80 and 1 or 0)
  end
  return math.min(longest, LONG_RUN * 0.5)
end

-- A heading and what it says in brackets, which may go to a line of its own.
local function heading_parts(title)
  local main, aside = title:match("^(.+)(（[^（]*）)$")
  return main or title, aside
end

-- The width at which a heading looks well: a short one on one line, a long one on two or three.
local function heading_width(title)
  local widest = 0
  for _, part in ipairs({ heading_parts(title) }) do
    widest = math.max(widest, width(part) * BOLD)
  end
  if title:find(" ", 1, true) then
    return math.min(widest, math.max(5.5, widest / 3 + 0.8), 9)
  end
  return widest <= 8 and widest or math.min(widest / 2 + 0.5, 8)
end

-- What a table's rows hold, each cell read once: asking pandoc is the slow part.
local function rows_of(list)
  local rows = {}
  for index, row in ipairs(list) do
    local cells = {}
    for place, cell in ipairs(row.cells) do
      local inlines = flat(cell.contents)
      cells[place] = {
        inlines = inlines,
        text = plain_text(inlines) or pandoc.utils.stringify(inlines),
        number = has(cell, "num") or cell.alignment == "AlignRight",
      }
    end
    rows[index] = cells
  end
  return rows
end

-- What a column asks for: its kind, the width it needs and the width it would like.
local function measured(head, rows, foot, column)
  local sample = rows[1] or foot[1] or head
  local number = sample ~= nil and sample[column].number
  local title = head and head[column].text or ""
  local needed = longest_word(title) * BOLD
  local wanted = 0
  local texts = {}
  for place, row in ipairs(pandoc.List(rows) .. foot) do
    local text = row[column].text
    local weight = place > #rows and BOLD or 1
    texts[place] = width(text) * weight
    wanted = math.max(wanted, texts[place])
    needed = math.max(needed, (number and width(text) or longest_word(text)) * weight)
  end
  needed = math.max(needed, heading_width(title))
  wanted = math.max(wanted, width(title) * BOLD, needed)
  texts[#texts + 1] = width(title) * BOLD
  return { number = number, needed = needed, wanted = wanted, texts = texts }
end

local function total(columns, field)
  local sum = 0
  for _, column in ipairs(columns) do
    sum = sum + column[field] + CELL_PADDING + column.gap
  end
  return sum
end

-- Set each column's comfortable width, and say whether they fit the page in a type size.
local function fits(columns, comfort, size)
  for _, column in ipairs(columns) do
    local wanted = column.number and column.needed or math.min(column.wanted, comfort)
    column.comfort = math.max(wanted, column.needed)
  end
  return total(columns, "comfort") * size <= PAGE_WIDTH
end

local function type_size(columns)
  for _, try in ipairs(LAYOUTS) do
    for _, size in ipairs(try.sizes) do
      if fits(columns, try.comfort, size) then
        return size
      end
    end
  end
  return SMALLEST
end

-- How much shorter a step more of width makes a column's texts, those of many lines above all.
local function relief(column)
  if column.width + STEP > column.wanted then
    return 0
  end
  local sum = 0
  for _, text in ipairs(column.texts) do
    if text > column.width then
      sum = sum + (text / column.width) ^ 2 - (text / (column.width + STEP)) ^ 2
    end
  end
  return sum
end

-- Give each column its share of the page's width, and return the type size.
local function layout(columns)
  local size = type_size(columns)
  for _, column in ipairs(columns) do
    column.width = column.needed
  end
  local spare = math.max(PAGE_WIDTH / size - total(columns, "width"), 0)
  -- Width goes where it saves the most lines, a step at a time.
  while spare >= STEP do
    local best, most = nil, 0
    for _, column in ipairs(columns) do
      local saved = relief(column)
      if saved > most then
        best, most = column, saved
      end
    end
    if not best then
      break
    end
    best.width = best.width + STEP
    spare = spare - STEP
  end
  for _, column in ipairs(columns) do
    column.width = column.width + CELL_PADDING + column.gap + spare / #columns
  end
  return size
end

local function add_cells(parts, name, rows)
  parts[#parts + 1] = name .. ": ("
  for _, row in ipairs(rows) do
    for _, cell in ipairs(row) do
      parts[#parts + 1] = cell.inlines
      parts[#parts + 1] = ","
    end
  end
  parts[#parts + 1] = "),"
end

local function add_heads(parts, head)
  parts[#parts + 1] = "head: ("
  for _, cell in ipairs(head or {}) do
    local main, aside = heading_parts(cell.text)
    if aside and plain_text(cell.inlines) then
      parts[#parts + 1] = "[" .. literal(main) .. "#box[" .. literal(aside) .. "]],"
    else
      parts[#parts + 1] = cell.inlines
      parts[#parts + 1] = ","
    end
  end
  parts[#parts + 1] = "),"
end

local function plan_table(tbl, caption, note)
  local head = rows_of(tbl.head.rows)[1]
  local foot = rows_of(tbl.foot.rows)
  local rows = {}
  for _, body in ipairs(tbl.bodies) do
    for _, row in ipairs(rows_of(body.body)) do
      rows[#rows + 1] = row
    end
  end
  local columns = {}
  for index = 1, #tbl.colspecs do
    local column = measured(head, rows, foot, index)
    local before = columns[index - 1]
    column.gap = before and before.number and not column.number and TEXT_AFTER_NUMBER or 0
    columns[index] = column
  end
  local size = layout(columns)
  local widths, numbers = {}, {}
  for index, column in ipairs(columns) do
    widths[index] = string.format("%.3ffr", column.width)
    numbers[index] = tostring(column.number)
  end
  local parts = {
    string.format(
      "#plan-table(columns: (%s,), numbers: (%s,), size: %gpt, whole: %s, ",
      table.concat(widths, ", "),
      table.concat(numbers, ", "),
      size,
      tostring(#rows <= KEEP_TOGETHER)
    ),
  }
  parts[#parts + 1] = "caption: "
  parts[#parts + 1] = caption or "none"
  parts[#parts + 1] = ", note: "
  parts[#parts + 1] = note or "none"
  parts[#parts + 1] = ", "
  add_heads(parts, head)
  add_cells(parts, "rows", rows)
  add_cells(parts, "foot", foot)
  parts[#parts + 1] = ")"
  return call(parts)
end

local function plan_chart(figure)
  local image = found(figure.content, "Image")
  if not image then
    error("a figure holds neither a table nor a picture")
  end
  if not image.src:match("^[%w%-]+%.%w+$") then
    error("a picture must be embedded in the document: " .. image.src:sub(1, 60))
  end
  local alt = pandoc.utils.stringify(image.caption)
  local caption = flat(figure.caption.long)
  return call({ "#chart(" .. quoted(image.src) .. ", " .. quoted(alt) .. ", ", caption, ")" })
end

local function cover(div)
  local parts = { "#cover(title: ", found_inlines(div.content, "Header"), ", name: " }
  parts[#parts + 1] = found_inlines(div.content, "Div", "name")
  parts[#parts + 1] = ", "
  for _, name in ipairs({ "institution", "status" }) do
    parts[#parts + 1] = name .. ": "
    parts[#parts + 1] = found_inlines(div.content, "Div", name) or "none"
    parts[#parts + 1] = ", "
  end
  facts(div.content, parts)
  parts[#parts + 1] = ")"
  return call(parts)
end

local function key_figures(div)
  local parts = { "#key-figures(" }
  for _, card in ipairs(div.content) do
    parts[#parts + 1] = "("
    for _, name in ipairs({ "label", "value", "note" }) do
      parts[#parts + 1] = name .. ": "
      parts[#parts + 1] = found_inlines(card.content, "Div", name) or "none"
      parts[#parts + 1] = ", "
    end
    parts[#parts + 1] = "),"
  end
  parts[#parts + 1] = ")"
  return call(parts)
end

-- Everything of a box but its head and its facts.
local function body_of(div)
  return div.content:filter(function(block)
    return block.t ~= "DefinitionList" and not has(block, "head") and not has(block, "title")
  end)
end

local function boxed(opening, body)
  local blocks = pandoc.Blocks({ opening })
  blocks:extend(body)
  blocks:insert(pandoc.RawBlock("typst", "]"))
  return blocks
end

local function finding(div)
  local parts = { "#finding(" .. quoted(div.classes:at(-1)) .. ", " }
  parts[#parts + 1] = found_inlines(div.content, "Span", "badge")
  parts[#parts + 1] = ", "
  parts[#parts + 1] = found_inlines(div.content, "Span", "title")
  parts[#parts + 1] = ", "
  facts(div.content, parts)
  parts[#parts + 1] = ")["
  return boxed(call(parts), body_of(div))
end

local function callout(div)
  local parts = { "#callout(" .. quoted(div.classes:at(-1)) .. ", " }
  parts[#parts + 1] = found_inlines(div.content, "Div", "title") or "none"
  parts[#parts + 1] = ")["
  return boxed(call(parts), body_of(div))
end

-- Handlers that return false as a second value have translated all that is inside.
local blocks = {
  traverse = "topdown",
  Div = function(div)
    if has(div, "cover") then
      return cover(div), false
    elseif has(div, "key-figures") then
      return key_figures(div), false
    elseif has(div, "finding") then
      return finding(div)
    elseif has(div, "callout") then
      return callout(div)
    elseif has(div, "contents") then
      return pandoc.RawBlock("typst", "#contents()"), false
    elseif has(div, "page-break") then
      return pandoc.RawBlock("typst", "#pagebreak(weak: true)"), false
    elseif div.identifier ~= "" then
      return pandoc.Div(div.content, pandoc.Attr(div.identifier))
    end
    return div.content
  end,
  Figure = function(figure)
    local tbl = found(figure.content, "Table")
    if not tbl then
      return plan_chart(figure), false
    end
    local note = found_inlines(figure.content, "Div", "note")
    return plan_table(tbl, flat(figure.caption.long), note), false
  end,
  Table = function(tbl)
    return plan_table(tbl), false
  end,
  Header = function(header)
    -- The first level is the document's title; chapters are the second.
    header.level = math.max(header.level - 1, 1)
    header.attr = pandoc.Attr(header.identifier)
    return header
  end,
  CodeBlock = function(code)
    return pandoc.Para({ pandoc.Str(code.text) })
  end,
  HorizontalRule = function()
    return pandoc.RawBlock("typst", "#divider()")
  end,
}

local inlines = {
  Span = function(span)
    if has(span, "state") then
      local content = pandoc.Inlines({ raw("#indicator-state(" .. quoted(span.classes:at(-1)) .. ")[") })
      content:extend(span.content)
      content:insert(raw("]"))
      return content
    end
    return span.content
  end,
  Code = function(code)
    return pandoc.Str(code.text)
  end,
  Math = function(math)
    return pandoc.Str(math.text)
  end,
  Quoted = function(quote)
    local content = pandoc.Inlines({ pandoc.Str("“") })
    content:extend(quote.content)
    content:insert(pandoc.Str("”"))
    return content
  end,
  Image = function(image)
    error("a picture must stand in a chart figure: " .. image.src:sub(1, 60))
  end,
  Link = function(link)
    local target = quoted(link.target)
    if link.target:sub(1, 1) == "#" then
      target = "label(" .. quoted(link.target:sub(2)) .. ")"
    end
    local content = pandoc.Inlines({ raw("#link(" .. target .. ")[") })
    content:extend(link.content)
    content:insert(raw("]"))
    return content
  end,
}

local literals = {
  Inlines = function(list)
    local result, text = pandoc.Inlines({}), {}
    local function flush()
      if #text > 0 then
        result:insert(raw(literal(table.concat(text))))
        text = {}
      end
    end
    for _, inline in ipairs(list) do
      if inline.t == "Str" then
        text[#text + 1] = inline.text
      elseif inline.t == "Space" or inline.t == "SoftBreak" then
        text[#text + 1] = " "
      else
        flush()
        result:insert(inline)
      end
    end
    flush()
    return result
  end,
}

return { blocks, inlines, literals }
